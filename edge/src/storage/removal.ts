/**
 * Removes every object of a deleted file from its shard. Called right after a deletion; what it leaves, after a crash
 * say, belongs to no row any more and is collected by the daily sweep of orphans.
 */
import { filePrefixes } from "./object-keys.ts";

/** Keys in one list, and in one delete (R2 limits). */
const KEYS_AT_ONCE = 1_000;

/** How many objects were removed. The shard is that of the original; all renditions lie beside it. */
export async function removeFileObjects(bucket: R2Bucket, fileId: string): Promise<number> {
  let removed = 0;
  for (const prefix of filePrefixes(fileId)) {
    for (let more = true; more;) {
      // Always from the start: what the last round deleted is gone, so no cursor can go stale.
      const listed = await bucket.list({ prefix, limit: KEYS_AT_ONCE });
      const keys = listed.objects.map(({ key }) => key);
      if (keys.length > 0) await bucket.delete(keys);
      removed += keys.length;
      more = listed.truncated;
    }
  }
  return removed;
}
