/**
 * When time alone makes something of a job; pure. A turn sets the alarm by it for what it wrote, so that it need
 * not ask the table, as `nextStep` of `queue-store.ts` does when the alarm has rung. Both must say the same.
 */
import type { Job } from "./ledger-types.ts";
import { AVOID_MS, SUSPECT_LOSSES } from "../grants/schedule.ts";
import { LAPSE_MS } from "./withdrawal.ts";

/** Null: never. */
export function dueOf(job: Job): number | null {
  switch (job.state) {
    case "leased":
      return job.leaseEnd;
    case "retry_wait":
    case "committing":
      return job.notBefore;
    case "ready":
      return Math.min(...waitsOf(job));
    default:
      return null;
  }
}

/** It rises a rank, lapses, or may go back to the agent that lost it. */
function waitsOf({ turn, ageAt, askedAt, losses, waitingSince }: Job): number[] {
  return [
    turn > 0 ? ageAt : Infinity,
    askedAt === null ? Infinity : askedAt + LAPSE_MS,
    losses >= SUSPECT_LOSSES ? waitingSince + AVOID_MS : Infinity,
  ];
}
