/**
 * What has become of jobs, counted for metrics: in memory with each turn, and folded into the tables a moment
 * later, so that counting costs agents nothing. What an object that dies had not folded is not counted. Called by
 * `pool.ts`; no decision hangs on it.
 */
import { SECOND } from "../../config.ts";
import { isOpen, type Job } from "../ledger/ledger-types.ts";

/** A pending wait also keeps the object from falling asleep on what it has counted. */
export const FOLD_MS = 2 * SECOND;

/** A job before and after a step that changed its state. */
export type Step = readonly [before: Job, after: Job];

export const LOST = "lost";

export class Tally {
  #counts = new Map<string, number>();

  /** True for the first ones since they were last taken. */
  add(steps: readonly Step[]): boolean {
    const empty = this.#counts.size === 0;
    for (const step of steps) {
      for (const [name, by] of countsOf(step)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
    }
    return empty && this.#counts.size > 0;
  }

  take(): Map<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }
}

/** Names hold what Prometheus takes as labels: `finished <kind> <outcome>` and `seconds <kind>`. */
function countsOf([before, after]: Step): [name: string, by: number][] {
  const counts: [string, number][] = after.losses > before.losses ? [[LOST, 1]] : [];
  if (isOpen(after.state) || !isOpen(before.state)) return counts;
  counts.push([`finished ${after.kind} ${outcomeOf(after)}`, 1]);
  if (after.state === "done" && after.startedAt !== null && after.finishedAt !== null) {
    counts.push([`seconds ${after.kind}`, Math.max(0, after.finishedAt - after.startedAt) / SECOND]);
  }
  return counts;
}

function outcomeOf({ state, error }: Job): string {
  return state === "cancelled" && error?.code === "superseded" ? "superseded" : state;
}
