/**
 * Jobs in the object's SQLite: one row each, saved whole after a transition of `ledger.ts`. Called by the
 * turns of this room; decides nothing.
 */
import type { Slots } from "#protocol";
import { isOpen, NO_SLOTS, type Job, type JobKey, type Waiting } from "./ledger-types.ts";
import { AVOID_MS } from "./schedule.ts";
import { first, type Sql, type SqlValue } from "./sql.ts";

type Row = Record<string, SqlValue>;

const JSON_COLUMNS = ["recipe", "inputs", "makes", "error", "prefixes", "manifest", "objects"] as const;
/** What never changes once the job is there. */
const FIXED = [
  ...["id", "fileId", "kind", "version", "sourceEtag", "part", "owner", "shard", "planId"],
  ...["position", "cost", "workMs", "makes", "createdAt"],
];

export interface JobStore {
  find(id: string): Job | null;
  findByKey(key: JobKey): Job | null;
  /** False where its key is taken. */
  insert(job: Job, parents: readonly string[]): boolean;
  save(job: Job): void;
  ofFile(fileId: string): Job[];
  openOfPlan(planId: string): Job[];
  leasedBy(agentId: string): Job[];
  /** Slots that an agent's leases occupy. */
  heldSlots(agentId: string): Slots;
  /** Slots held now, by owner. */
  heldByOwner(): Map<string, number>;
  /** The first few jobs of each group that the schedule may tell apart: owner, kind and rank. */
  waitingHeads(perGroup: number): Waiting[];
  expired(now: number, limit: number): Job[];
  awake(now: number, state: "retry_wait" | "committing", limit: number): Job[];
  ageing(now: number, limit: number): Job[];
  childrenOf(id: string): Job[];
  parentsOf(id: string): Job[];
  /** When the alarm has something to look at; null: never. */
  nextStep(now: number): number | null;
  countByState(): Record<string, number>;
  /** After a restart nobody verifies any more what was being verified. */
  hurryCommitting(now: number): void;
}

export function createJobStore(sql: Sql): JobStore {
  const many = (query: string, ...bindings: SqlValue[]) =>
    sql
      .exec<Row>(`select jobs.* from jobs ${query}`, ...bindings)
      .toArray()
      .map(fromRow);
  const one = (query: string, ...bindings: SqlValue[]) => many(query, ...bindings)[0] ?? null;
  return {
    find: (id) => one("where id = ?", id),
    findByKey: (key) =>
      one(
        "where fileId = ? and kind = ? and version = ? and sourceEtag = ? and part = ?",
        ...[key.fileId, key.kind, key.version, key.sourceEtag, key.part],
      ),
    insert: (job, parents) => insert(sql, job, parents),
    save: (job) => save(sql, job),
    ofFile: (fileId) => many("where fileId = ? order by id", fileId),
    openOfPlan: (planId) =>
      many(
        "where fileId = (select fileId from files where planId = ?) and planId = ?",
        planId,
        planId,
      ).filter(({ state }) => isOpen(state)),
    leasedBy: (agentId) => many("where state = 'leased' and agentId = ?", agentId),
    heldSlots: (agentId) => heldSlots(sql, agentId),
    heldByOwner: () => heldByOwner(sql),
    waitingHeads: (perGroup) => waitingHeads(sql, perGroup),
    expired: (now, limit) =>
      many("where state = 'leased' and leaseEnd <= ? order by leaseEnd limit ?", now, limit),
    awake: (now, state, limit) =>
      many(
        `where state in ('retry_wait', 'committing') and notBefore <= ? and state = ? order by notBefore limit ?`,
        ...[now, state, limit],
      ),
    ageing: (now, limit) =>
      many("where state = 'ready' and turn > 0 and ageAt <= ? order by ageAt limit ?", now, limit),
    childrenOf: (id) => many("join parents on parents.jobId = jobs.id where parents.parentId = ?", id),
    parentsOf: (id) => many("join parents on parents.parentId = jobs.id where parents.jobId = ?", id),
    nextStep: (now) => nextStep(sql, now),
    hurryCommitting: (now) =>
      void sql.exec("update jobs set notBefore = ? where state = 'committing' and notBefore > ?", now, now),
    countByState: () =>
      Object.fromEntries(
        sql
          .exec<{ state: string; count: number }>("select state, count(*) as count from jobs group by state")
          .toArray()
          .map(({ state, count }) => [state, count]),
      ),
  };
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
  for (const parent of parents) {
    sql.exec("insert into parents (jobId, parentId) values (?, ?) on conflict do nothing", job.id, parent);
  }
  return true;
}

function save(sql: Sql, job: Job): void {
  const changing = Object.entries(toRow(job)).filter(([column]) => !FIXED.includes(column));
  sql.exec(
    `update jobs set ${changing.map(([column]) => `${column} = ?`).join(", ")} where id = ?`,
    ...changing.map(([, value]) => value),
    job.id,
  );
}

function heldSlots(sql: Sql, agentId: string): Slots {
  const rows = sql
    .exec<{ slot: keyof Slots; count: number }>(
      "select slot, count(*) as count from jobs where state = 'leased' and agentId = ? group by slot",
      agentId,
    )
    .toArray();
  return { ...NO_SLOTS, ...Object.fromEntries(rows.map(({ slot, count }) => [slot, count])) };
}

function heldByOwner(sql: Sql): Map<string, number> {
  const rows = sql
    .exec<{ owner: string; count: number }>(
      "select owner, count(*) as count from jobs where state = 'leased' group by owner",
    )
    .toArray();
  return new Map(rows.map(({ owner, count }) => [owner, count]));
}

/** Jumps from group to group by the index, so that a flood of ten thousand jobs costs as little as ten. */
function waitingHeads(sql: Sql, perGroup: number): Waiting[] {
  const heads: Waiting[] = [];
  let group: { owner: string; kind: string; turn: number } | null = { owner: "", kind: "", turn: -1 };
  for (;;) {
    group = first(
      sql.exec<{ owner: string; kind: string; turn: number }>(
        `select owner, kind, turn from jobs where state = 'ready' and (owner, kind, turn) > (?, ?, ?)
       order by owner, kind, turn limit 1`,
        ...[group.owner, group.kind, group.turn],
      ),
    );
    if (group === null) return heads;
    heads.push(
      ...sql
        .exec<WaitingRow>(
          `select id, owner, kind, turn, position, cost, avoid, losses, waitingSince from jobs
           where state = 'ready' and owner = ? and kind = ? and turn = ? order by position, id limit ?`,
          ...[group.owner, group.kind, group.turn, perGroup],
        )
        .toArray(),
    );
  }
}
type WaitingRow = Waiting & Row;

function nextStep(sql: Sql, now: number): number | null {
  const row = first(
    sql.exec<{ at: number | null }>(
      `select min(at) as at from (
      select min(leaseEnd) as at from jobs where state = 'leased'
      union all select min(notBefore) from jobs where state in ('retry_wait', 'committing')
      union all select min(ageAt) from jobs where state = 'ready' and turn > 0
      union all select min(waitingSince) + ? from jobs
        where state = 'ready' and losses >= 2 and waitingSince > ?)`,
      ...[AVOID_MS, now - AVOID_MS],
    ),
  );
  return row?.at ?? null;
}

function toRow(job: Job): Row {
  const row: Row = {};
  for (const [key, value] of Object.entries(job)) {
    row[key] = value !== null && typeof value === "object" ? JSON.stringify(value) : value;
  }
  return row;
}

function fromRow(row: Row): Job {
  const values: Record<string, unknown> = { ...row };
  for (const column of JSON_COLUMNS) {
    const text = row[column];
    if (typeof text === "string") values[column] = JSON.parse(text);
  }
  // Written by toRow from a Job, and by nothing else.
  return values as unknown as Job;
}
