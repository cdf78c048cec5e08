/**
 * Agents that vanished with leases and stayed away, for the webhook's receiver: one word for each absence, however
 * many leases it cost. It begins with the first lease that is lost and ends with the agent's next hello, wherever
 * that is said. Called by `coordinator.ts` for the minute's sweep.
 */
import { HOUR, MINUTE } from "../../config.ts";
import type { Pool } from "../pool.ts";
import type { Absence, LostAgent } from "./absence-store.ts";

/** Who only lost its link, or whose edge was deployed anew, is back by then. */
const PATIENCE_MS = MINUTE;
/** What is older nobody waits to hear: the receiver is new, or the cron stood still. */
const STALE_MS = HOUR;
/** When a whole site goes dark; the rest is told a minute later. */
const MOST_AT_ONCE = 100;

/** Those that nobody was told of yet; of `told` somebody was, since the last call, and they are named no more. */
export function lostAgents({ store, sockets }: Pool, told: readonly Absence[], now: number): LostAgent[] {
  for (const absence of told) store.absences.noteTold(absence);
  const untold = store.absences.untold(now - PATIENCE_MS, MOST_AT_ONCE);
  if (untold.length === 0) return [];
  const here = new Set(sockets.greeted().map((socket) => sockets.badge(socket).agentId));
  return untold.filter((absence) => {
    const { agentId, since } = absence;
    // It lost a lease, and was there all the time.
    if (here.has(agentId)) store.absences.end(agentId);
    else if (now - since > STALE_MS) store.absences.noteTold(absence);
    else return true;
    return false;
  });
}
