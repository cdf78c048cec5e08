/** Multipart uploads under way. Written before the first part and removed at the end, so that a sweep can abort what was left. */
import { and, asc, eq, lt, type SQL } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { multipartUploads } from "../db/schema.ts";

export type MultipartRow = typeof multipartUploads.$inferSelect;
export type MultipartRef = Pick<MultipartRow, "uploadId" | "shard" | "objectKey">;

export async function noteMultipart(db: Database, upload: MultipartRef, now: number): Promise<void> {
  await db
    .insert(multipartUploads)
    .values({ ...upload, createdAt: now })
    .onConflictDoNothing();
}

export async function forgetMultipart(db: Database, upload: MultipartRef): Promise<void> {
  await db.delete(multipartUploads).where(same(upload));
}

/** Begun before `before`, oldest first. */
export function listMultiparts(db: Database, before: number, limit: number): Promise<MultipartRow[]> {
  return db
    .select()
    .from(multipartUploads)
    .where(lt(multipartUploads.createdAt, before))
    .orderBy(asc(multipartUploads.createdAt))
    .limit(limit);
}

function same(upload: MultipartRef): SQL | undefined {
  return and(
    eq(multipartUploads.uploadId, upload.uploadId),
    eq(multipartUploads.shard, upload.shard),
    eq(multipartUploads.objectKey, upload.objectKey),
  );
}
