/**
 * Whether agents are wanted, pure: a call when demand begins, again every ten minutes while it lasts, and a word
 * when it is over. Called by the minute's sweep of the coordinator's room with what the ledger says.
 */
import { MINUTE, SECOND } from "../config.ts";
import { eventId, type Happening } from "./events.ts";

/** A machine that slept through the first call hears the next. */
export const REMIND_MS = 10 * MINUTE;
/** An agent that lost its link comes back in this time; a deploy must not wake anybody. */
const GRACE_MS = 30 * SECOND;

/** What waits in one pool, and who is there. */
export interface Demand {
  pool: string;
  /** Ready jobs. */
  waiting: number;
  /** Ready jobs by what they ask of an agent. */
  needs: { encoder: number; io: number };
  oldestWaitMs: number | null;
  /** Ready jobs that no connected agent can do, and how long the oldest of them has waited. */
  starving: number;
  starvingWaitMs: number | null;
  agentsOnline: number;
}

/** Null: what is there will do. */
export function whyWanted(demand: Demand, waitLimitMs: number): "starving" | "waiting" | null {
  if ((demand.starvingWaitMs ?? 0) >= GRACE_MS) return "starving";
  return (demand.oldestWaitMs ?? 0) > waitLimitMs ? "waiting" : null;
}

export function fleetTopic(pool: string): string {
  return `fleet ${pool}`;
}

/** What is to be told now. `wantedSince`: of the demand that lasts since the last look; null: there was none. */
export function fleetHappening(
  demand: Demand,
  wantedSince: number | null,
  waitLimitMs: number,
  now: number,
): Happening | null {
  const reason = whyWanted(demand, waitLimitMs);
  if (reason === null && wantedSince === null) return null;
  const since = wantedSince ?? now;
  const common = { topic: fleetTopic(demand.pool), since, data: dataOf(demand, reason, since) };
  if (reason === null) {
    return { ...common, id: eventId("fleet-satisfied", demand.pool, since), type: "fleet.satisfied" };
  }
  // The same id within ten minutes, so that a second look tells nothing new.
  const reminder = Math.max(0, Math.floor((now - since) / REMIND_MS));
  return { ...common, id: eventId("fleet-wanted", demand.pool, since, reminder), type: "fleet.wanted" };
}

function dataOf(demand: Demand, reason: string | null, since: number): Record<string, unknown> {
  const seconds = (ms: number | null) => (ms === null ? null : Math.round(ms / SECOND));
  return {
    pool: demand.pool,
    reason,
    since: new Date(since).toISOString(),
    jobs_waiting: demand.waiting,
    needs: demand.needs,
    oldest_wait_s: seconds(demand.oldestWaitMs),
    starving: demand.starving,
    agents_online: demand.agentsOnline,
  };
}
