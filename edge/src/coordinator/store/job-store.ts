/**
 * Jobs in the object's SQLite: one row each, saved after a transition of `ledger.ts`. Called by the
 * turns of this room; decides nothing.
 */
import type { JobKind } from "#protocol";
import { type Job, type JobKey, type JobSketch, type Made } from "../ledger/ledger-types.ts";
import { isExtra, isSide } from "../plans/pieces.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** As `isOpen` has it. */
const OPEN = "state not in ('done', 'dead', 'cancelled')";
/** As `isFinished` has it. */
const FINISHED = `(jobs.state = 'done'
  or (jobs.state = 'cancelled' and coalesce(jobs.error ->> '$.code', '') = 'superseded'))`;

type Row = Record<string, SqlValue>;

const JSON_COLUMNS = [
  "recipe",
  "inputs",
  "makes",
  "error",
  "prefixes",
  "manifest",
  "objects",
  "history",
] as const;
/** What never changes once the job is there. */
const FIXED: ReadonlySet<string> = new Set([
  ...["id", "fileId", "kind", "version", "sourceEtag", "part", "owner", "shard", "planId"],
  ...["needs", "hedgeOf", "createdAt"],
]);

export interface JobStore {
  find(id: string): Job | null;
  /** Under that very epoch. */
  isLeased(id: string, epoch: number): boolean;
  findByKey(key: JobKey): Job | null;
  /** False where its key is taken. */
  insert(job: Job, parents: readonly string[]): boolean;
  /** What differs from `before`; without it, all. */
  save(job: Job, before?: Job): void;
  ofFile(fileId: string): Job[];
  openOfPlan(planId: string): Job[];
  /** Open or dead ones. */
  unmadeOf(fileId: string, planId: string): Job[];
  childrenOf(id: string): Job[];
  hasUnfinishedParent(id: string): boolean;
  /** One that is still to be made, and may be. */
  hasOpenParent(id: string): boolean;
  hasOpen(fileId: string): boolean;
  /** Somebody may be at work on it, and have made objects that no row names yet. */
  isInHand(fileId: string, now: number): boolean;
  /** Open ones that a ready file needs. */
  hasNeeded(fileId: string): boolean;
  /** Jobs of one of these kinds. */
  ofKind(fileId: string, kinds: readonly JobKind[]): Job[];
  /** The job that does this one once more. */
  hedgeOf(id: string): Job | null;
  /** It waits for one more. */
  addParent(id: string, parentId: string): void;
  /** The jobs of a file without what is long in them. */
  sketches(fileId: string): JobSketch[];
}

export function createJobStore(sql: Sql): JobStore {
  const many = (query: string, ...bindings: SqlValue[]) => jobsWhere(sql, query, ...bindings);
  const one = (query: string, ...bindings: SqlValue[]) => many(query, ...bindings)[0] ?? null;
  return {
    ...questions(sql),
    find: (id) => one("where id = ?", id),
    findByKey: (key) =>
      one(
        "where fileId = ? and kind = ? and version = ? and sourceEtag = ? and part = ?",
        ...[key.fileId, key.kind, key.version, key.sourceEtag, key.part],
      ),
    insert: (job, parents) => insert(sql, job, parents),
    save: (job, before) => save(sql, job, before),
    ofFile: (fileId) => many("where fileId = ? order by id", fileId),
    openOfPlan: (planId) =>
      many(
        `where fileId = (select fileId from files where planId = ?) and planId = ? and ${OPEN} order by id`,
        ...[planId, planId],
      ),
    unmadeOf: (fileId, planId) =>
      many(
        "where fileId = ? and planId = ? and state not in ('done', 'cancelled') order by id",
        ...[fileId, planId],
      ),
    childrenOf: (id) =>
      isParent(sql, id) ? many("join parents on parents.jobId = jobs.id where parents.parentId = ?", id) : [],
    ofKind: (fileId, kinds) =>
      many(
        `where fileId = ? and kind in (${kinds.map(() => "?").join(", ")}) order by id`,
        ...[fileId, ...kinds],
      ),
    hedgeOf: (id) => one("where hedgeOf = ?", id),
    addParent: (id, parentId) => addParent(sql, id, parentId),
    sketches: (fileId) => sketches(sql, fileId),
  };
}

/** Most are not, and to learn that costs less than to read whole rows of none. */
function isParent(sql: Sql, id: string): boolean {
  return sql.exec("select 1 as yes from parents where parentId = ? limit 1", id).toArray().length > 0;
}

/** What is answered by yes or no. */
function questions(
  sql: Sql,
): Pick<
  JobStore,
  "isLeased" | "hasUnfinishedParent" | "hasOpenParent" | "hasOpen" | "isInHand" | "hasNeeded"
> {
  return {
    isLeased: (id, epoch) =>
      sql
        .exec("select 1 as yes from jobs where id = ? and state = 'leased' and epoch = ?", id, epoch)
        .toArray().length > 0,
    hasUnfinishedParent: (id) =>
      sql
        .exec(
          `select 1 as yes from parents join jobs on jobs.id = parents.parentId
           where parents.jobId = ? and not ${FINISHED} limit 1`,
          id,
        )
        .toArray().length > 0,
    hasOpenParent: (id) =>
      sql
        .exec(
          `select 1 as yes from parents join jobs on jobs.id = parents.parentId
           where parents.jobId = ? and jobs.${OPEN} limit 1`,
          id,
        )
        .toArray().length > 0,
    hasOpen: (fileId) =>
      sql.exec(`select 1 as yes from jobs where fileId = ? and ${OPEN} limit 1`, fileId).toArray().length > 0,
    isInHand: (fileId, now) =>
      sql
        .exec(
          `select 1 as yes from jobs where fileId = ? and (state in ('leased', 'committing', 'retry_wait')
             or (state = 'ready' and secretHash is not null and deadline > ?)) limit 1`,
          ...[fileId, now],
        )
        .toArray().length > 0,
    hasNeeded: (fileId) =>
      sql
        .exec<Pick<Job, "kind" | "part">>(`select kind, part from jobs where fileId = ? and ${OPEN}`, fileId)
        .toArray()
        .some((job) => !isExtra(job) && !isSide(job)),
  };
}

/** Jobs by the rest of a query. */
export function jobsWhere(sql: Sql, query: string, ...bindings: SqlValue[]): Job[] {
  return sql
    .exec<Row>(`select jobs.* from jobs ${query}`, ...bindings)
    .toArray()
    .map(fromRow);
}

function sketches(sql: Sql, fileId: string): JobSketch[] {
  return sql
    .exec<Row & Omit<JobSketch, "makes"> & { makes: string }>(
      `select kind, needs, state, part, cost, fraction, agentId, startedAt, makes from jobs where fileId = ?`,
      fileId,
    )
    .toArray()
    .map((row) => ({ ...row, makes: JSON.parse(row.makes) as Made[] }));
}

function insert(sql: Sql, job: Job, parents: readonly string[]): boolean {
  const row = toRow(job);
  const columns = Object.keys(row);
  const added = sql
    .exec(
      `insert into jobs (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})
       on conflict do nothing returning id`,
      ...Object.values(row),
    )
    .toArray();
  if (added.length === 0) return false;
  for (const parent of parents) addParent(sql, job.id, parent);
  return true;
}

function addParent(sql: Sql, id: string, parentId: string): void {
  sql.exec("insert into parents (jobId, parentId) values (?, ?) on conflict do nothing", id, parentId);
}

/** Indexes of columns that stay as they are cost nothing. */
function save(sql: Sql, job: Job, before?: Job): void {
  const columns: string[] = [];
  const values: SqlValue[] = [];
  for (const column of Object.keys(job) as (keyof Job)[]) {
    if (FIXED.has(column) || (before && before[column] === job[column])) continue;
    columns.push(`${column} = ?`);
    values.push(toSql(job[column]));
  }
  if (columns.length > 0) sql.exec(`update jobs set ${columns.join(", ")} where id = ?`, ...values, job.id);
}

function toRow(job: Job): Row {
  return Object.fromEntries(Object.entries(job).map(([column, value]) => [column, toSql(value)]));
}

function toSql(value: Job[keyof Job]): SqlValue {
  return value !== null && typeof value === "object" ? JSON.stringify(value) : value;
}

function fromRow(row: Row): Job {
  const values: Record<string, unknown> = row;
  for (const column of JSON_COLUMNS) {
    const text = row[column];
    if (typeof text === "string") values[column] = JSON.parse(text);
  }
  // Written by toRow from a Job, and by nothing else.
  return values as unknown as Job;
}
