/**
 * Files: pending → stored → deleted, with the shard's bytes and the coordinator's outbox in the same batch.
 * Upload, delivery and the coordinator call it; it never touches an object in R2. In each batch the
 * statements that look at the old state come before the one that changes it, so a second run does nothing.
 */
import { and, eq, inArray, lt, ne, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files, plans, rectangles, renditions, shards, workOutbox, type FileStatus } from "../db/schema.ts";
import { ulid } from "./ids.ts";
import type { WorkRow } from "./outbox.ts";
import { addShardBytes } from "./shard-usage.ts";
import { type Statement, writeAll, writeBatch } from "./write.ts";

/** D1 takes 100 bound parameters a statement. */
const MAX_IDS = 90;

export type FileRow = typeof files.$inferSelect;

/** What is known when the bytes begin to arrive. `size` is declared and reserved. */
export type Reservation = Pick<
  FileRow,
  | "id"
  | "owner"
  | "name"
  | "extension"
  | "type"
  | "kind"
  | "size"
  | "shard"
  | "pool"
  | "objectKey"
  | "deleteKeyHash"
> & { now: number };

export interface StoredBytes {
  size: number;
  sha256: string;
  /** `ready` where nothing is to be derived. */
  status: FileStatus;
  /** Id of the outbox row, and of the first job; null where nothing is to be derived. */
  outboxId: string | null;
  now: number;
}

/** What an inspection or a picture told; a key that is absent stays as it is. `duration` in milliseconds. */
export type Description = Partial<
  Pick<FileRow, "width" | "height" | "duration" | "blurhash" | "thumbhash" | "streams" | "planId">
>;

/** The file in any state but pending: `deleted` ones answer 410. */
export async function findFile(db: Database, id: string): Promise<FileRow | null> {
  const row = await db.query.files.findFirst({ where: and(eq(files.id, id), ne(files.state, "pending")) });
  return row ?? null;
}

/**
 * Reserves the bytes by a pending row. "full", with nothing left behind, where the shard has no room: the
 * bytes are added first and looked at afterwards, so that no number of reservations at once overshoots.
 * "taken": the id is another file's, and nothing was written.
 */
export async function reserveFile(
  db: Database,
  reservation: Reservation,
  budgetBytes: number,
): Promise<"reserved" | "full" | "taken"> {
  const { now, ...row } = reservation;
  const unknown = sql`not exists (select 1 from ${files} where id = ${row.id})`;
  const [, , rows] = await writeBatch(db, [
    addShardBytes(db, row.shard, row.size, unknown),
    db
      .insert(files)
      .values({ ...row, state: "pending", status: "processing", createdAt: now })
      .onConflictDoNothing(),
    db
      .select({ objectKey: files.objectKey, usedBytes: shards.usedBytes })
      .from(files)
      .innerJoin(shards, eq(shards.name, files.shard))
      .where(eq(files.id, row.id)),
  ]);
  const [found] = rows;
  if (found?.objectKey !== row.objectKey) return "taken";
  if (found.usedBytes <= budgetBytes) return "reserved";
  await releaseReservation(db, row.id);
  return "full";
}

/** pending → stored, counters set right to the true size, work put into the outbox. Null: the reservation had lapsed. */
export async function storeFile(db: Database, id: string, stored: StoredBytes): Promise<FileRow | null> {
  const { size, sha256, status, outboxId, now } = stored;
  const pending = sql`exists (select 1 from ${files} where id = ${id} and state = 'pending')`;
  const before = (column: "shard" | "size") =>
    sql`(select ${sql.raw(column)} from ${files} where id = ${id})`;
  const publish = [
    addShardBytes(db, before("shard"), sql`${size} - ${before("size")}`, pending),
    db
      .update(files)
      .set({ state: "stored", size, sha256, status, storedAt: now })
      .where(and(eq(files.id, id), eq(files.state, "pending"))),
  ] as const;
  const read = db
    .select()
    .from(files)
    .where(and(eq(files.id, id), eq(files.state, "stored")));
  if (outboxId === null) {
    const [, , rows] = await writeBatch(db, [...publish, read]);
    return rows[0] ?? null;
  }
  const work = addWork(db, outboxId, "enqueue", id, "pending", now);
  const [, , , rows] = await writeBatch(db, [work, ...publish, read]);
  return rows[0] ?? null;
}

/**
 * Gives the bytes back and forgets the row. False: there was no reservation (any more), and the object of a
 * file that was stored meanwhile must stay.
 */
export async function releaseReservation(db: Database, id: string): Promise<boolean> {
  const pending = and(eq(files.id, id), eq(files.state, "pending"));
  const [, released] = await writeBatch(db, [
    db.run(sql`
      update shards set used_bytes = used_bytes - (select size from ${files} where ${pending})
      where name = (select shard from ${files} where ${pending})`),
    db.delete(files).where(pending).returning({ id: files.id }),
  ]);
  return released.length > 0;
}

/**
 * stored → deleted, for ever. Rows of what was derived go too, and all bytes leave the counters; the objects
 * are removed by the caller. Null where the file was not there to delete.
 */
export async function deleteFile(
  db: Database,
  file: Pick<FileRow, "id" | "shard">,
  now: number,
): Promise<WorkRow | null> {
  const stored = sql`exists (select 1 from ${files} where id = ${file.id} and state = 'stored')`;
  const work = { id: ulid(now), action: "cancel" as const, fileId: file.id, createdAt: now, sentAt: null };
  await writeBatch(db, [
    addWork(db, work.id, "cancel", file.id, "stored", now),
    addShardBytes(db, file.shard, sql`-${bytesOf(file.id)}`, stored),
    db.delete(renditions).where(and(eq(renditions.fileId, file.id), stored)),
    db.delete(rectangles).where(and(eq(rectangles.fileId, file.id), stored)),
    db.delete(plans).where(and(eq(plans.fileId, file.id), stored)),
    db
      .update(files)
      .set({ state: "deleted", deletedAt: now })
      .where(and(eq(files.id, file.id), eq(files.state, "stored"))),
  ]);
  const written = await db.query.workOutbox.findFirst({ where: eq(workOutbox.id, work.id) });
  return written ?? null;
}

/** Those of the files that are stored and not deleted. */
export async function whichStored(db: Database, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    const some = inArray(files.id, ids.slice(from, from + MAX_IDS));
    const rows = await db
      .select({ id: files.id })
      .from(files)
      .where(and(some, eq(files.state, "stored")));
    for (const { id } of rows) found.add(id);
  }
  return found;
}

export async function describeFile(db: Database, id: string, description: Description): Promise<void> {
  await writeAll(db, describeStatements(db, id, description));
}

export function describeStatements(db: Database, id: string, description: Description): Statement[] {
  if (Object.keys(description).length === 0) return [];
  const stored = and(eq(files.id, id), eq(files.state, "stored"));
  return [db.update(files).set(description).where(stored)];
}

export async function settleFile(
  db: Database,
  id: string,
  status: FileStatus,
  reason: string | null,
): Promise<void> {
  await writeAll(db, [settleStatement(db, [id], status, reason)]);
}

/** Of 90 files at most. `reason` tells people why they are partial or failed; null where all is well. */
export function settleStatement(
  db: Database,
  ids: readonly string[],
  status: FileStatus,
  reason: string | null,
): Statement {
  return db
    .update(files)
    .set({ status, reason })
    .where(and(inArray(files.id, [...ids]), eq(files.state, "stored")));
}

/** Pending rows made before `before`: their uploads are over, and their objects, if any, are nobody's. */
export function listExpiredReservations(db: Database, before: number, limit = 200): Promise<FileRow[]> {
  return db
    .select()
    .from(files)
    .where(and(eq(files.state, "pending"), lt(files.createdAt, before)))
    .limit(limit);
}

/** All bytes that the file answers for in its shard. */
function bytesOf(id: string) {
  return sql`(
    (select size from ${files} where id = ${id}) +
    (select coalesce(sum(size), 0) from ${renditions} where file_id = ${id} and object_key is not null) +
    (select coalesce(sum(size), 0) from ${rectangles} where file_id = ${id}))`;
}

/** A statement for a batch: the outbox row, if the file is still in `state`. */
function addWork(
  db: Database,
  id: string,
  action: "enqueue" | "cancel",
  fileId: string,
  state: string,
  now: number,
) {
  return db.run(sql`
    insert into ${workOutbox} (id, action, file_id, created_at)
    select ${id}, ${action}, id, ${now} from ${files} where id = ${fileId} and state = ${state}
    on conflict (id) do nothing`);
}
