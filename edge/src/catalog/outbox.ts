/** Work the coordinator has yet to hear of. Rows are written in the batches of `files.ts`; the sweep resends. */
import { and, asc, count, eq, getTableColumns, inArray, isNull, lt } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files, workOutbox } from "../db/schema.ts";

export type WorkRow = typeof workOutbox.$inferSelect;
/** D1 takes 100 bound parameters a statement. */
const MAX_IDS = 90;

/** With the pool whose coordinator it is for. */
export type UnsentRow = WorkRow & { pool: string };

/** Rows made before `before` that were never acknowledged, oldest first. */
export function unsentWork(db: Database, before: number, limit: number): Promise<UnsentRow[]> {
  return db
    .select({ ...getTableColumns(workOutbox), pool: files.pool })
    .from(workOutbox)
    .innerJoin(files, eq(files.id, workOutbox.fileId))
    .where(and(isNull(workOutbox.sentAt), lt(workOutbox.createdAt, before)))
    .orderBy(asc(workOutbox.createdAt))
    .limit(limit);
}

export async function markWorkSent(db: Database, ids: string[], now: number): Promise<void> {
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    await db
      .update(workOutbox)
      .set({ sentAt: now })
      .where(and(inArray(workOutbox.id, ids.slice(from, from + MAX_IDS)), isNull(workOutbox.sentAt)));
  }
}

/** Rows that were never acknowledged. */
export async function countUnsent(db: Database): Promise<number> {
  const [row] = await db.select({ unsent: count() }).from(workOutbox).where(isNull(workOutbox.sentAt));
  return row?.unsent ?? 0;
}
