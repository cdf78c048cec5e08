/**
 * Committed rectangles: which bytes of which object are which segment. A row is final, and holds only the
 * segments that its job owns; ownership is decided by the coordinator before the row is written.
 */
import { and, asc, eq, sql } from "drizzle-orm";
import { z } from "zod";
import type { Database } from "../db/client.ts";
import { files, rectangles } from "../db/schema.ts";
import { addShardBytes } from "./shard-usage.ts";
import { type Statement, writeAll } from "./write.ts";

export type RectangleRow = typeof rectangles.$inferSelect;

/** Where one segment lies. `init` is [offset, length] of its initialisation in the same object. */
export type SegmentLocation = {
  objectKey: string;
  offset: number;
  length: number;
  init: [number, number];
  codecs: string;
};

const Segment = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]);

export async function commitRectangle(db: Database, row: RectangleRow): Promise<void> {
  await writeAll(db, rectangleStatements(db, row));
}

/** Arriving twice or late changes nothing; a deleted file takes none. */
export function rectangleStatements(db: Database, row: RectangleRow): Statement[] {
  const alive = and(eq(files.id, row.fileId), eq(files.state, "stored"));
  const same = and(
    eq(rectangles.planId, row.planId),
    eq(rectangles.track, row.track),
    eq(rectangles.jobId, row.jobId),
  );
  return [
    addShardBytes(
      db,
      sql`(select shard from ${files} where ${alive})`,
      row.size,
      sql`exists (select 1 from ${files} where ${alive}) and not exists (select 1 from ${rectangles} where ${same})`,
    ),
    db.run(sql`
      insert into ${rectangles} (plan_id, track, job_id, file_id, object_key, size, etag, codecs,
        init_offset, init_length, segments, created_at)
      select ${row.planId}, ${row.track}, ${row.jobId}, id, ${row.objectKey}, ${row.size}, ${row.etag},
        ${row.codecs}, ${row.initOffset}, ${row.initLength}, ${JSON.stringify(row.segments)}, ${row.createdAt}
      from ${files} where ${alive}
      on conflict do nothing`),
  ];
}

/** In the order of their commits. */
export function listRectangles(db: Database, planId: string): Promise<RectangleRow[]> {
  return db
    .select()
    .from(rectangles)
    .where(eq(rectangles.planId, planId))
    .orderBy(asc(rectangles.createdAt), asc(rectangles.jobId));
}

export async function findSegment(
  db: Database,
  planId: string,
  track: string,
  segment: number,
): Promise<SegmentLocation | null> {
  const [row] = await db
    .select({
      objectKey: rectangles.objectKey,
      codecs: rectangles.codecs,
      initOffset: rectangles.initOffset,
      initLength: rectangles.initLength,
      segment: sql<string>`piece.value`,
    })
    .from(rectangles)
    .innerJoin(sql`json_each(${rectangles.segments}) as piece`, sql`true`)
    .where(
      and(
        eq(rectangles.planId, planId),
        eq(rectangles.track, track),
        sql`json_extract(piece.value, '$[0]') = ${segment}`,
      ),
    )
    .orderBy(asc(rectangles.createdAt))
    .limit(1);
  if (row === undefined) return null;
  const [, offset, length] = Segment.parse(JSON.parse(row.segment));
  return {
    objectKey: row.objectKey,
    offset,
    length,
    init: [row.initOffset, row.initLength],
    codecs: row.codecs,
  };
}
