/**
 * The pool in figures, for /metrics and for the call for agents (`sweep-webhooks.ts`). Holds no secret and no name
 * of a person's; changes nothing but folding what was counted.
 */
import type { ReadyGroup } from "../store/figure-store.ts";
import { RANK, type Needs } from "../ledger/ledger-types.ts";
import { foldTally, type Pool } from "../pool.ts";
import { LOST } from "./tally.ts";

const LISTED_AGENTS = 2_000;

export interface PoolFigures {
  pool: string;
  /** Jobs by state; those that only ever grow are in `finished`. */
  jobs: Record<string, number>;
  /** Ready jobs by what they ask of an agent and by class. */
  waiting: { needs: Needs; class: string; count: number }[];
  /** How long the oldest ready job has waited, in milliseconds; null: none waits. */
  oldestWaitMs: number | null;
  /** Ready jobs that no connected agent can do, and how long the oldest of them has waited. */
  starving: number;
  starvingWaitMs: number | null;
  agentsOnline: number;
  /** Words the catalogue has yet to hear, and viewers waiting now. */
  outbox: number;
  viewers: number;
  /** Since the object was made. */
  leasesLost: number;
  finished: { kind: string; outcome: string; count: number }[];
  /** What done jobs took in all, from their last grant to their end. */
  seconds: { kind: string; sum: number }[];
}

export function figuresOf(pool: Pool, now: number): PoolFigures {
  foldTally(pool, now);
  const { store, sockets, waiters } = pool;
  const ready = store.figures.ready();
  const starving = starvingOf(pool, now, ready);
  const since = (groups: typeof ready) =>
    groups.length === 0 ? null : Math.max(0, now - Math.min(...groups.map(({ oldest }) => oldest)));
  return {
    pool: pool.name,
    jobs: store.queue.countByState(),
    waiting: store.figures
      .readyByClass()
      .map(({ needs, turn, count }) => ({ needs, class: classOf(turn), count })),
    oldestWaitMs: since(ready),
    starving: starving.reduce((sum, { count }) => sum + count, 0),
    starvingWaitMs: since(starving),
    agentsOnline: store.agents.list(LISTED_AGENTS).filter(({ agentId }) => sockets.find(agentId) !== null)
      .length,
    outbox: store.outbox.count(),
    viewers: waiters.count(),
    ...countersOf(store.figures.counters()),
  };
}

/** Ready jobs that no connected agent can do. */
export function starvingOf(
  { store, sockets }: Pool,
  now: number,
  ready = store.figures.ready(),
): ReadyGroup[] {
  return ready.filter((group) => !sockets.isAnyAble(group, now));
}

export function classOf(rank: number): string {
  return Object.entries(RANK).find(([, value]) => value === rank)?.[0] ?? "after";
}

function countersOf(counters: Record<string, number>) {
  const named = (first: string) =>
    Object.entries(counters)
      .map(([name, count]) => ({ words: name.split(" "), count }))
      .filter(({ words }) => words[0] === first);
  return {
    leasesLost: counters[LOST] ?? 0,
    finished: named("finished").map(({ words: [, kind = "", outcome = ""], count }) => ({
      kind,
      outcome,
      count,
    })),
    seconds: named("seconds").map(({ words: [, kind = ""], count: sum }) => ({ kind, sum })),
  };
}
