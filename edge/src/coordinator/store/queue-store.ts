/**
 * The jobs table as the schedule and the alarm ask it: who waits, who holds what, what is due. Every question
 * runs along an index of just the rows it is about, so that a million finished jobs cost nothing.
 */
import type { Slots } from "#protocol";
import { SECOND } from "../../config.ts";
import { jobsWhere } from "./job-store.ts";
import { NO_SLOTS, type Job, type Waiting } from "../ledger/ledger-types.ts";
import { AVOID_MS } from "../grants/schedule.ts";
import { first, type Sql, type SqlValue } from "./sql.ts";
import { LAPSE_MS } from "../ledger/withdrawal.ts";

/** An agent that lost its link comes back within this. */
const RETURN_MS = 30 * SECOND;
/** An alarm rings within this of its time, unless the object was down. */
const OVERDUE_MS = SECOND;

/** States that are counted for people; those that only ever grow are not. */
const COUNTED = ["blocked", "ready", "leased", "committing", "retry_wait", "dead"] as const;

export interface QueueStore {
  /** The first few jobs of each group that the schedule may tell apart: owner, kind, needs and rank. */
  waitingHeads(perGroup: number): Waiting[];
  leasedBy(agentId: string): Job[];
  /** Slots that an agent's leases occupy. */
  heldSlots(agentId: string): Slots;
  /** Slots held now, by owner. */
  heldByOwner(): Map<string, number>;
  /** Agents that hold a job that was lost before. */
  holdersOfLost(): Set<string>;
  expired(now: number, limit: number): Job[];
  awake(now: number, state: "retry_wait" | "committing", limit: number): Job[];
  ageing(now: number, limit: number): Job[];
  /** When the alarm has something to look at; null: never. */
  nextStep(now: number): number | null;
  /** After a restart nobody verifies any more what was being verified. */
  hurryCommitting(now: number): void;
  /**
   * After a restart without a socket: whose lease ran out while nobody could renew it has a moment to come back. An
   * alarm that rings in time never gets here, so the dead gain nothing by it.
   */
  awaitHolders(now: number, leaseMs: number): void;
  countByState(): Record<string, number>;
}

export function createQueueStore(sql: Sql): QueueStore {
  const many = (query: string, ...bindings: SqlValue[]) => jobsWhere(sql, query, ...bindings);
  return {
    waitingHeads: (perGroup) => waitingHeads(sql, perGroup),
    leasedBy: (agentId) => many("where state = 'leased' and agentId = ?", agentId),
    heldSlots: (agentId) => heldSlots(sql, agentId),
    heldByOwner: () => heldByOwner(sql),
    holdersOfLost: () => holdersOfLost(sql),
    expired: (now, limit) =>
      many("where state = 'leased' and leaseEnd <= ? order by leaseEnd limit ?", now, limit),
    awake: (now, state, limit) =>
      many(
        `where state in ('retry_wait', 'committing') and notBefore <= ? and state = ? order by notBefore limit ?`,
        ...[now, state, limit],
      ),
    ageing: (now, limit) =>
      many("where state = 'ready' and turn > 0 and ageAt <= ? order by ageAt limit ?", now, limit),
    nextStep: (now) => nextStep(sql, now),
    hurryCommitting: (now) =>
      void sql.exec("update jobs set notBefore = ? where state = 'committing' and notBefore > ?", now, now),
    awaitHolders: (now, leaseMs) =>
      void sql.exec(
        "update jobs set leaseEnd = min(deadline, ?) where state = 'leased' and leaseEnd < ?",
        now + Math.min(leaseMs, RETURN_MS),
        now - OVERDUE_MS,
      ),
    countByState: () => Object.fromEntries(COUNTED.map((state) => [state, countState(sql, state)])),
  };
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

function holdersOfLost(sql: Sql): Set<string> {
  const rows = sql
    .exec<{ agentId: string }>("select distinct agentId from jobs where state = 'leased' and losses >= 1")
    .toArray();
  return new Set(rows.map(({ agentId }) => agentId));
}

/** Jumps from group to group by the index, so that a flood of ten thousand jobs costs as little as ten. */
function waitingHeads(sql: Sql, perGroup: number): Waiting[] {
  const heads: Waiting[] = [];
  let group: Group | null = { owner: "", kind: "", needs: "", turn: -1 };
  for (;;) {
    group = first(
      sql.exec<Group>(
        `select owner, kind, needs, turn from jobs
         where state = 'ready' and (owner, kind, needs, turn) > (?, ?, ?, ?)
         order by owner, kind, needs, turn limit 1`,
        ...[group.owner, group.kind, group.needs, group.turn],
      ),
    );
    if (group === null) return heads;
    heads.push(
      ...sql
        .exec<WaitingRow>(
          `select id, owner, kind, needs, rank, turn, position, cost, avoid, losses, waitingSince, hedgeOf,
             coalesce((select holders from files where files.fileId = jobs.fileId), '[]') as holders
           from jobs where state = 'ready' and owner = ? and kind = ? and needs = ? and turn = ?
           order by position, id limit ?`,
          ...[group.owner, group.kind, group.needs, group.turn, perGroup],
        )
        .toArray()
        .map((row) => ({ ...row, holders: JSON.parse(row.holders) as string[] })),
    );
  }
}
type WaitingRow = Omit<Waiting, "holders"> & { holders: string } & Record<string, SqlValue>;
interface Group extends Record<string, SqlValue> {
  owner: string;
  kind: string;
  needs: string;
  turn: number;
}

function nextStep(sql: Sql, now: number): number | null {
  const row = first(
    sql.exec<{ at: number | null }>(
      `select min(at) as at from (
      select min(leaseEnd) as at from jobs where state = 'leased'
      union all select min(notBefore) from jobs where state in ('retry_wait', 'committing')
      union all select min(ageAt) from jobs where state = 'ready' and turn > 0
      union all select min(askedAt) + ${LAPSE_MS} from jobs where state = 'ready' and askedAt is not null
      union all select min(waitingSince) + ? from jobs
        where state = 'ready' and losses >= 1 and waitingSince > ?)`,
      ...[AVOID_MS, now - AVOID_MS],
    ),
  );
  return row?.at ?? null;
}

/** By the partial index of that state. */
function countState(sql: Sql, state: (typeof COUNTED)[number]): number {
  return (
    first(sql.exec<{ count: number }>(`select count(*) as count from jobs where state = '${state}'`))
      ?.count ?? 0
  );
}
