/**
 * What the coordinator's sweeps ask of the catalogue: files whose work seems to have been lost, and which
 * objects rows refer to, so that the others can be collected and the missing ones made again.
 */
import { and, eq, gt, isNotNull, lt, lte, ne, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files, rectangles, renditions, workOutbox } from "../db/schema.ts";
import type { FileRow } from "./files.ts";
import { addShardBytes } from "./shard-usage.ts";
import { writeBatch } from "./write.ts";

export interface Reference {
  fileId: string;
  key: string;
  /** The file's. */
  pool: string;
}

/** A stored file that is not settled, and its place among them. */
export type Unsettled = Pick<FileRow, "id" | "pool" | "storedAt">;

/** Stored before `before` and still not settled, oldest first; those that come after `last`, where there is one. */
export async function listUnsettled(
  db: Database,
  before: number,
  limit: number,
  last: Unsettled | null = null,
): Promise<Unsettled[]> {
  return db.all<Unsettled>(unsettledSql(before, limit, last));
}

/** State and status stand word for word as in the index: without it every stored file would be looked at. */
export function unsettledSql(before: number, limit: number, last: Unsettled | null): SQL {
  const later = last === null ? sql`` : sql`and (stored_at, id) > (${last.storedAt}, ${last.id})`;
  return sql`select id, pool, stored_at as storedAt from ${files} indexed by files_unsettled
    where state = 'stored' and status = 'processing' and stored_at < ${before} ${later}
    order by stored_at, id limit ${limit}`;
}

/** False for a catalogue without a single file: whoever sweeps by it has the wrong database. */
export async function hasFiles(db: Database): Promise<boolean> {
  const [row] = await db.select({ id: files.id }).from(files).limit(1);
  return row !== undefined;
}

/** Every object of the shard that a row refers to, of keys after `from` up to and with `to`. */
export async function listReferences(
  db: Database,
  shard: string,
  from: string,
  to: string,
): Promise<Reference[]> {
  const ofShard = and(eq(files.shard, shard), ne(files.state, "deleted"));
  const [originals, derived, cut] = await Promise.all([
    db
      .select({ fileId: files.id, key: files.objectKey, pool: files.pool })
      .from(files)
      .where(and(ofShard, gt(files.objectKey, from), lte(files.objectKey, to))),
    db
      .select({ fileId: files.id, key: renditions.objectKey, pool: files.pool })
      .from(renditions)
      .innerJoin(files, eq(files.id, renditions.fileId))
      .where(
        and(
          ofShard,
          isNotNull(renditions.objectKey),
          gt(renditions.objectKey, from),
          lte(renditions.objectKey, to),
        ),
      ),
    db
      .select({ fileId: files.id, key: rectangles.objectKey, pool: files.pool })
      .from(rectangles)
      .innerJoin(files, eq(files.id, rectangles.fileId))
      .where(and(ofShard, gt(rectangles.objectKey, from), lte(rectangles.objectKey, to))),
  ]);
  return [...originals, ...derived, ...cut].flatMap(({ fileId, key, pool }) =>
    key === null ? [] : [{ fileId, key, pool }],
  );
}

/** Words that the coordinator heard before `before`. */
export async function dropSentWork(db: Database, before: number): Promise<void> {
  await db.delete(workOutbox).where(and(isNotNull(workOutbox.sentAt), lt(workOutbox.sentAt, before)));
}

/** A derived object is gone from its shard: its row wants it again, and the file is in the making. */
export async function forgetObject(db: Database, { fileId, key }: Reference): Promise<void> {
  const shard = sql`(select shard from ${files} where id = ${fileId})`;
  const rendition = and(eq(renditions.fileId, fileId), eq(renditions.objectKey, key));
  const rectangle = and(eq(rectangles.fileId, fileId), eq(rectangles.objectKey, key));
  const bytes = sql`-(
    (select coalesce(sum(size), 0) from ${renditions} where ${rendition}) +
    (select coalesce(sum(size), 0) from ${rectangles} where ${rectangle}))`;
  const known = sql`exists (select 1 from ${renditions} where ${rendition})
    or exists (select 1 from ${rectangles} where ${rectangle})`;
  await writeBatch(db, [
    addShardBytes(db, shard, bytes, known),
    db.update(renditions).set({ state: "waiting", objectKey: null, etag: null, size: null }).where(rendition),
    db.delete(rectangles).where(rectangle),
    db
      .update(files)
      .set({ status: "processing", reason: null })
      .where(and(eq(files.id, fileId), eq(files.state, "stored"))),
  ]);
}
