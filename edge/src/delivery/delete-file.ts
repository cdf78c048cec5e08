/**
 * Deletes a file for ever, for whoever holds its delete key. The rows go at once, so every address answers
 * 410; objects, leases and cached copies follow after the answer, and the sweeps finish what a crash left.
 */
import { deleteFile, type FileRow } from "../catalog/files.ts";
import { equalHashes, hashSecret } from "../catalog/ids.ts";
import { markWorkSent } from "../catalog/outbox.ts";
import { listRectangles } from "../catalog/rectangles.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { coordinatorOf } from "../coordinator/client.ts";
import { Problem } from "../http/problems.ts";
import { removeFileObjects } from "../storage/removal.ts";
import { bucketOf } from "../storage/shards.ts";
import { type CachedThing, forgetCached } from "./rendition-cache.ts";
import { bytesOrigin, type Visit } from "./visit.ts";

/** Calls to the cache that one request may make, with some to spare for the rest. */
const MOST_FORGOTTEN = 900;

/** Throws 401 without a key and 403 with a wrong one. */
export async function requireDeleteKey(file: FileRow, key: string | null): Promise<void> {
  if (key === null || key === "") {
    throw new Problem("unauthorized", "Deleting this file takes its delete key.", {
      hint: "Use the delete_url of the upload's answer, or send the key as X-Delete-Key.",
    });
  }
  if (!equalHashes(await hashSecret(key), file.deleteKeyHash)) {
    throw new Problem("forbidden", "This is not the delete key of this file.", {
      hint: "The key stands in the delete_url that the upload answered; it cannot be shown again.",
    });
  }
}

export async function deleteForEver(visit: Visit, file: FileRow, now: number): Promise<void> {
  const copies = await cachedCopies(visit, file);
  const work = await deleteFile(visit.db, file, now);
  // Null: somebody else deleted it a moment ago, and does what follows.
  if (!work) return;
  visit.waitUntil(cancelWork(visit, file, work.id, now));
  visit.waitUntil(removeFileObjects(bucketOf(visit.env, file.shard), file.id));
  visit.waitUntil(forgetCached(bytesOrigin(visit), copies));
}

/** An unsent row is sent again by the sweep, so a coordinator that is away now hears of it later. */
async function cancelWork(visit: Visit, file: FileRow, workId: string, now: number): Promise<void> {
  await coordinatorOf(visit.env, file.pool).cancelFile(file.id);
  await markWorkSent(visit.db, [workId], now);
}

/** Names in this data centre's cache; in others the copies end by themselves within a day. */
async function cachedCopies(visit: Visit, file: FileRow): Promise<CachedThing[]> {
  const renditions = await listRenditions(visit.db, file.id);
  const rectangles = file.planId === null ? [] : await listRectangles(visit.db, file.planId);
  const whole = renditions.flatMap(({ objectKey: key, size, type }) =>
    key === null || size === null ? [] : [{ key, offset: 0, size, type }],
  );
  const parts = rectangles.flatMap(({ objectKey: key, initOffset, initLength, segments }) => [
    { key, offset: initOffset, size: initLength, type: "video/mp4" },
    ...segments.map(([, offset, size]) => ({ key, offset, size, type: "video/mp4" })),
  ]);
  return [...whole, ...parts].slice(0, MOST_FORGOTTEN);
}
