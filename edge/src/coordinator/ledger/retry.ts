/** How often, how long, how soon again: the numbers of the ledger. Pure. */
import { MINUTE, SECOND } from "../../config.ts";
import type { Job } from "./ledger-types.ts";

export const MAX_ATTEMPTS = 5;
/**
 * Machines are killed, sleep and reboot by chance: with a quarter of all leases lost, three losses in a row meet one
 * job of a hundred (seen with real processes), five one of a thousand. A job that was lost once is kept apart from
 * others that were, so a killer takes no bystander with it meanwhile (`schedule.ts`).
 */
export const MAX_LOSSES = 5;
/** Agent faults that cost no attempt: the machine's trouble is not the job's. */
export const FREE_FAULTS = 2;
/** An agent that failed at a kind by its own fault gets none of that kind for so long. */
export const DRAIN_MS = 10 * MINUTE;
/** A close event shortens the holder's leases to this. */
export const CLOSED_LEASE_MS = 10 * SECOND;

const FIRST_RETRY_MS = 10 * SECOND;
const LONGEST_RETRY_MS = 30 * MINUTE;
const SHORTEST_ATTEMPT_MS = 10 * MINUTE;
/** An attempt may take this many times as long as the stretch plays, for each rung. */
const ATTEMPT_FACTOR = 4;

/** `random` gives 0 … 1. The first retry comes after 5–10 s, then twice as late each time. */
export function retryDelay(attempts: number, random: () => number): number {
  const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, attempts - 1));
  return delay * (0.5 + 0.5 * random());
}

/** For the coordinator's own steps (storage, catalogue): 1 s, doubling to 5 min. */
export function stepDelay(tries: number, random: () => number): number {
  return Math.min(5 * MINUTE, SECOND * 2 ** Math.min(tries, 16)) * (0.5 + 0.5 * random());
}

export function attemptMs(job: Pick<Job, "workMs" | "recipe">): number {
  const rungs = job.recipe?.kind === "video" ? job.recipe.rungs.length : 1;
  return Math.max(SHORTEST_ATTEMPT_MS, ATTEMPT_FACTOR * job.workMs * rungs);
}

export function isPoison(job: Pick<Job, "attempts" | "losses">): boolean {
  return job.attempts >= MAX_ATTEMPTS || job.losses >= MAX_LOSSES;
}
