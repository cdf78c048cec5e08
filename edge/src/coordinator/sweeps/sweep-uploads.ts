/** Uploads that nobody will finish: reservations older than an hour, multipart uploads older than a day. */
import { listExpiredReservations, releaseReservation } from "../../catalog/files.ts";
import { forgetMultipart, listMultiparts } from "../../catalog/multipart-uploads.ts";
import { DAY, HOUR } from "../../config.ts";
import { logLine } from "../../http/log.ts";
import { bucketOf } from "../../storage/shards.ts";
import { said } from "../pool.ts";
import type { Sweep } from "./scheduled.ts";

const RESERVED_MS = HOUR;
const UPLOAD_MS = DAY;
const ROWS_PER_PASS = 200;

/** The row first: an upload that finishes this very moment has made it a file, whose bytes must stay. */
export async function releaseReservations({ env, db, now }: Sweep): Promise<void> {
  for (const file of await listExpiredReservations(db, now - RESERVED_MS, ROWS_PER_PASS)) {
    const released = await releaseReservation(db, file.id);
    if (released) await bucketOf(env, file.shard).delete(file.objectKey);
  }
}

export async function abortOldUploads({ env, config, db, now }: Sweep): Promise<void> {
  for (const upload of await listMultiparts(db, now - UPLOAD_MS, ROWS_PER_PASS)) {
    try {
      await bucketOf(env, upload.shard).resumeMultipartUpload(upload.objectKey, upload.uploadId).abort();
    } catch (error) {
      if (!isUnknown(error)) {
        logLine(config.logLevel, "warn", "an old upload could not be ended", { error: said(error) });
        continue;
      }
      logLine(config.logLevel, "info", "upload was over already", { error: said(error) });
    }
    await forgetMultipart(db, upload);
  }
}

/** Completed or aborted before: R2 no longer knows it, and the row has done its duty. */
function isUnknown(error: unknown): boolean {
  return /\(10024\)|does not exist/i.test(said(error));
}
