/**
 * What begins anew after its end: redriven, revived with its parent, made again; the rest of the state machine
 * written out in `ledger.ts`, and pure like it. Counters begin again, the epoch never does.
 */
import { CLOSED, ready } from "./ledger.ts";
import { isFinished, type Job } from "./ledger-types.ts";

/** Their recipe follows from what others made. */
const JOINED: ReadonlySet<Job["kind"]> = new Set(["mp4", "storyboard"]);

/** What is dead, or was cancelled by the operator; `waits`: for a parent that is being made again. */
export function redriveJob(job: Job, now: number, waits = false): Job | null {
  const stopped = job.state === "cancelled" && job.error?.code === "stopped";
  if (job.state !== "dead" && !stopped) return null;
  return waits ? { ...reset(job), state: "blocked" } : ready(reset(job), now);
}

/** A child of a redriven parent waits for it again. */
export function reviveJob(job: Job): Job | null {
  if (job.state !== "cancelled" || job.error?.code !== "parent_failed") return null;
  return { ...reset(job), state: "blocked" };
}

/**
 * Of what it made, `missing` is gone from the storage. The rest stays its own, whatever is made anew. The film needs it,
 * also where it was made for somebody who has long left.
 */
export function remakeJob(job: Job, missing: ReadonlySet<string>, now: number): Job | null {
  const objects = job.objects.filter(({ key }) => !missing.has(key));
  if (objects.length === job.objects.length) return null;
  return { ...(isFinished(job) ? { ...ready(reset(job), now), askedAt: null } : job), objects };
}

export function reset(job: Job): Job {
  return {
    ...job,
    ...CLOSED,
    // What is joined from pieces is told them at its grant: one that was lost is made again, and lies elsewhere.
    ...(JOINED.has(job.kind) && job.hedgeOf === null && { recipe: null, inputs: [] }),
    attempts: 0,
    losses: 0,
    faults: 0,
    error: null,
    avoid: null,
    manifest: null,
    finishedAt: null,
  };
}
