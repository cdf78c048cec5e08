/** Renditions, wanted and made. A ready row is final for its version: replays, late and double commits change nothing. */
import { and, eq, inArray, ne, notInArray, or, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files, renditions, type RenditionKind, type RenditionState } from "../db/schema.ts";
import { addShardBytes } from "./shard-usage.ts";
import { type Statement, writeAll } from "./write.ts";

export type RenditionRow = typeof renditions.$inferSelect;

export type WantedRendition = Pick<RenditionRow, "fileId" | "kind" | "name" | "version" | "type"> &
  Partial<Pick<RenditionRow, "width" | "height">> & { now: number };

/** `objectKey` is null for rungs and tracks, whose objects (and bytes) belong to rectangles. */
export type CommittedRendition = Pick<
  RenditionRow,
  "fileId" | "kind" | "name" | "version" | "type" | "width" | "height" | "size" | "objectKey" | "etag"
> & { now: number };

/** Rows of nine bound parameters; D1 takes 100 a statement. */
const ROWS_PER_STATEMENT = 10;
/** Names in one statement. */
const NAMES_PER_STATEMENT = 80;

export async function wantRenditions(db: Database, wanted: readonly WantedRendition[]): Promise<void> {
  await writeAll(db, wantStatements(db, wanted));
}

/** Wanting twice changes nothing. */
export function wantStatements(db: Database, wanted: readonly WantedRendition[]): Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < wanted.length; from += ROWS_PER_STATEMENT) {
    const rows = wanted
      .slice(from, from + ROWS_PER_STATEMENT)
      .map(({ now, ...row }) => ({ ...row, state: "waiting" as const, updatedAt: now }));
    statements.push(db.insert(renditions).values(rows).onConflictDoNothing());
  }
  return statements;
}

/** Answers the row that holds now. */
export async function commitRendition(db: Database, made: CommittedRendition): Promise<RenditionRow | null> {
  await writeAll(db, commitStatements(db, made));
  return findRendition(db, made.fileId, made.kind, made.name);
}

/** Written once for each version, and only while the file is stored. */
export function commitStatements(db: Database, made: CommittedRendition): Statement[] {
  const { now, ...row } = made;
  const alive = and(eq(files.id, row.fileId), eq(files.state, "stored"));
  const same = and(
    eq(renditions.fileId, row.fileId),
    eq(renditions.kind, row.kind),
    eq(renditions.name, row.name),
  );
  const final = and(eq(renditions.state, "ready"), eq(renditions.version, row.version));
  const counted = row.objectKey === null ? 0 : (row.size ?? 0);
  const replaced = sql`(select coalesce(sum(size), 0) from ${renditions} where ${same} and object_key is not null)`;
  const values = { ...row, state: "ready" as const, reason: null, updatedAt: now };
  return [
    addShardBytes(
      db,
      sql`(select shard from ${files} where ${alive})`,
      sql`${counted} - ${replaced}`,
      sql`exists (select 1 from ${files} where ${alive})
        and not exists (select 1 from ${renditions} where ${same} and ${final})`,
    ),
    db.run(sql`
      insert into ${renditions}
        (file_id, kind, name, version, state, reason, type, width, height, size, object_key, etag, updated_at)
      select id, ${row.kind}, ${row.name}, ${row.version}, 'ready', null, ${row.type}, ${row.width}, ${row.height},
        ${row.size}, ${row.objectKey}, ${row.etag}, ${now}
      from ${files} where ${alive}
      on conflict (file_id, kind, name) do nothing`),
    db
      .update(renditions)
      .set(values)
      .where(and(same, or(ne(renditions.state, "ready"), ne(renditions.version, row.version)))),
  ];
}

export async function markRenditions(
  db: Database,
  fileId: string,
  kind: RenditionKind,
  names: string[],
  state: Exclude<RenditionState, "ready">,
  reason: string | null,
  now: number,
): Promise<void> {
  await writeAll(db, markStatements(db, fileId, kind, names, state, reason, now));
}

/** Sets waiting, making or failed; what is ready stays so. */
export function markStatements(
  db: Database,
  fileId: string,
  kind: RenditionKind,
  names: readonly string[],
  state: Exclude<RenditionState, "ready">,
  reason: string | null,
  now: number,
): Statement[] {
  const statements: Statement[] = [];
  const unmade = and(eq(renditions.fileId, fileId), eq(renditions.kind, kind), ne(renditions.state, "ready"));
  for (let from = 0; from < names.length; from += NAMES_PER_STATEMENT) {
    const some = inArray(renditions.name, names.slice(from, from + NAMES_PER_STATEMENT));
    statements.push(db.update(renditions).set({ state, reason, updatedAt: now }).where(and(unmade, some)));
  }
  return statements;
}

/** Fails whatever of the files, 60 at most, is neither made nor failed, but for what is `spared`. */
export function failLeftStatement(
  db: Database,
  fileIds: readonly string[],
  spared: { kinds: readonly RenditionKind[]; names: readonly string[] },
  reason: string,
  now: number,
): Statement {
  return db
    .update(renditions)
    .set({ state: "failed", reason, updatedAt: now })
    .where(
      and(
        inArray(renditions.fileId, [...fileIds]),
        notInArray(renditions.state, ["ready", "failed"]),
        notInArray(renditions.kind, [...spared.kinds]),
        notInArray(renditions.name, [...spared.names]),
      ),
    );
}

export function listRenditions(db: Database, fileId: string): Promise<RenditionRow[]> {
  return db.select().from(renditions).where(eq(renditions.fileId, fileId));
}

export async function findRendition(
  db: Database,
  fileId: string,
  kind: RenditionKind,
  name: string,
): Promise<RenditionRow | null> {
  const row = await db.query.renditions.findFirst({
    where: and(eq(renditions.fileId, fileId), eq(renditions.kind, kind), eq(renditions.name, name)),
  });
  return row ?? null;
}
