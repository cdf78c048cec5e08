/**
 * A local edge for the tests of this room, and files in it as an upload and its jobs would have left them:
 * rows by the catalogue's own functions, bytes in the shard.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalEdge } from "../../../../scripts/local-edge.ts";
import { type FileRow, reserveFile, storeFile } from "../../catalog/files.ts";
import { hashSecret, newSlug } from "../../catalog/ids.ts";
import { savePlan } from "../../catalog/plans.ts";
import { commitRectangle } from "../../catalog/rectangles.ts";
import { commitRendition, wantRenditions } from "../../catalog/renditions.ts";
import { describeFile } from "../../catalog/files.ts";
import { type Database, openDatabase } from "../../db/client.ts";
import type { RenditionKind } from "../../db/schema.ts";
import type { Plan } from "../../media/plan.ts";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import { attemptPrefix, originalKey } from "../../storage/object-keys.ts";

export const SHARD = "SHARD_WEUR";
export const DELETE_KEY = "the-delete-key";
/** Seconds of the films here: five segments. */
export const FILM_SECONDS = 20;

export type TestEdge = Awaited<ReturnType<typeof startTestEdge>>;

export async function startTestEdge(vars: Record<string, string> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "capcloud-delivery-"));
  const edge = await startLocalEdge({ dataDir, vars });
  const db: Database = openDatabase(await edge.database());
  const bucket = await edge.bucket(SHARD);
  return {
    url: edge.url,
    db,
    bucket,
    get: (path: string, init: RequestInit = {}) =>
      fetch(`${edge.url}${path}`, { redirect: "manual", ...init }),
    stop: async () => {
      await edge.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function storeBytes(
  { db, bucket }: TestEdge,
  bytes: Uint8Array,
  file: Partial<Pick<FileRow, "name" | "extension" | "type" | "kind" | "status">> = {},
): Promise<FileRow> {
  const { status = "ready", ...given } = file;
  const id = newSlug();
  const objectKey = originalKey(id, "nonce");
  await bucket.put(objectKey, bytes);
  const now = Date.now();
  const row = {
    id,
    pool: "main",
    owner: "anonymous",
    name: "clip.mp4",
    extension: "mp4",
    type: "video/mp4",
    kind: "video" as const,
    ...given,
    size: bytes.byteLength,
    shard: SHARD,
    objectKey,
    deleteKeyHash: await hashSecret(DELETE_KEY),
  };
  await reserveFile(db, { ...row, now }, 1e12);
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  const stored = {
    size: bytes.byteLength,
    sha256: Buffer.from(digest).toString("hex"),
    status,
    outboxId: null,
    now,
  };
  const made = await storeFile(db, id, stored);
  if (!made) throw new Error("The file was not stored.");
  return made;
}

export async function storeRendition(
  { db, bucket }: TestEdge,
  file: FileRow,
  kind: RenditionKind,
  bytes: Uint8Array,
  type: string,
  name: string = kind,
): Promise<void> {
  const objectKey = `${attemptPrefix({ fileId: file.id, kind, version: "v1", part: "all", epoch: 1, nonce: "n" })}${name}`;
  const object = await bucket.put(objectKey, bytes);
  const place = { fileId: file.id, kind, name, version: "v1", type, width: null, height: null };
  const made = { ...place, size: bytes.byteLength, objectKey, etag: object?.etag ?? "", now: Date.now() };
  await commitRendition(db, made);
}

export async function wantRendition(
  { db }: TestEdge,
  file: FileRow,
  kind: RenditionKind,
  type: string,
  name: string = kind,
) {
  await wantRenditions(db, [{ fileId: file.id, kind, name, version: "v1", type, now: Date.now() }]);
}

/** A film with a plan of five segments, of which none is made. */
export async function storePlan({ db }: TestEdge, file: FileRow, changes: Partial<Plan> = {}): Promise<Plan> {
  const own = { fileId: file.id, id: `plan${file.id.toLowerCase()}` };
  const plan = planOf(evenFrames(FILM_SECONDS), { ...changes, ...own });
  await savePlan(db, plan, Date.now());
  await describeFile(db, file.id, { planId: plan.id });
  return plan;
}

/** One object with an init of `init` bytes and the segments given, each filled with its own number. */
export async function storeRectangle(
  { db, bucket }: TestEdge,
  plan: Plan,
  track: string,
  segments: readonly number[],
  { init = 10, length = 100 } = {},
): Promise<void> {
  const part = `${track}.${segments.join("-")}`;
  const prefix = attemptPrefix({
    fileId: plan.fileId,
    kind: "video",
    version: plan.id,
    part,
    epoch: 1,
    nonce: "n",
  });
  const bytes = new Uint8Array(init + segments.length * length).fill(255);
  for (const [at, segment] of segments.entries())
    bytes.fill(segment, init + at * length, init + (at + 1) * length);
  const objectKey = `${prefix}${track}.mp4`;
  const object = await bucket.put(objectKey, bytes);
  await commitRectangle(db, {
    planId: plan.id,
    track,
    jobId: `main.${part}`,
    fileId: plan.fileId,
    objectKey,
    size: bytes.byteLength,
    etag: object?.etag ?? "",
    codecs: track.startsWith("audio") ? "mp4a.40.2" : "avc1.64001f",
    initOffset: 0,
    initLength: init,
    segments: segments.map((segment, at) => [segment, init + at * length, length, segment * 4_000, 4_000]),
    createdAt: Date.now(),
  });
}
