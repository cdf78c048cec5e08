/**
 * What of a stored file its first jobs are made of. Whoever has just stored it hands this over with the call, which
 * spares the coordinator a question to the catalogue; whoever comes later does not, and it asks. Never trusted
 * unread: the caller may be an older or a newer version of the Worker.
 */
import { z } from "zod";
import type { FileRow } from "../../catalog/files.ts";
import { FILE_KINDS } from "../../db/schema.ts";

const StoredFileSchema = z.object({
  id: z.string(),
  owner: z.string(),
  kind: z.enum(FILE_KINDS),
  shard: z.string(),
  objectKey: z.string(),
  size: z.int().nonnegative(),
  sha256: z.string().nullable(),
});

export type StoredFile = z.infer<typeof StoredFileSchema>;

export function toStoredFile({ id, owner, kind, shard, objectKey, size, sha256 }: FileRow): StoredFile {
  return { id, owner, kind, shard, objectKey, size, sha256 };
}

/** Null where nothing was handed over, or nothing that belongs to this file. */
export function readStoredFile(told: unknown, fileId: string): StoredFile | null {
  const { data } = StoredFileSchema.safeParse(told);
  return data?.id === fileId ? data : null;
}
