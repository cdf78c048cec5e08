/**
 * What became of each attempt at a job, for its owner and for the operator; pure. Begun with a grant and ended by
 * every transition that takes the job from its holder (`ledger.ts`, `lease.ts`, `withdrawal.ts`). It decides
 * nothing: no transition ever reads it.
 */
import type { Attempt, AttemptOutcome, Grantee, Job, JobError } from "./ledger-types.ts";

/** The latest ones; what came before them is forgotten. */
const KEPT = 20;

export function beginAttempt(
  history: readonly Attempt[],
  epoch: number,
  { agentId, slot }: Pick<Grantee, "agentId" | "slot">,
  now: number,
): Attempt[] {
  const begun: Attempt = {
    epoch,
    agentId,
    slot,
    grantedAt: now,
    endedAt: null,
    outcome: "open",
    error: null,
  };
  return [...history, begun].slice(-KEPT);
}

/** The job with its attempt ended; as it was, where none is under way. */
export function endAttempt(
  job: Job,
  outcome: Exclude<AttemptOutcome, "open">,
  error: JobError | null,
  now: number,
): Job {
  const last = job.history.at(-1);
  if (last?.outcome !== "open") return job;
  return { ...job, history: [...job.history.slice(0, -1), { ...last, endedAt: now, outcome, error }] };
}

/** The old holder goes on with it, under a new epoch: it had not ended after all. */
export function resumeAttempt(history: readonly Attempt[], epoch: number): Attempt[] {
  const last = history.at(-1);
  if (!last) return [];
  return [...history.slice(0, -1), { ...last, epoch, endedAt: null, outcome: "open", error: null }];
}
