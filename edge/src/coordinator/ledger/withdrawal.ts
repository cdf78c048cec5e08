/**
 * Jobs that nobody needs any more, and that come back when somebody does: the rest of the state machine
 * written out in `ledger.ts`, and pure like it. Called by the turns of this room.
 */
import { SECOND } from "../../config.ts";
import { endAttempt } from "./history.ts";
import { CLOSED, ready } from "./ledger.ts";
import { reset } from "./revival.ts";
import { isOpen, type Job, type JobError } from "./ledger-types.ts";

/** A viewer asks again every ten seconds at most; who has not for so long has left, or looks elsewhere. */
export const LAPSE_MS = 15 * SECOND;

export function cancelJob(job: Job, now: number): Job | null {
  if (!isOpen(job.state)) return null;
  const ended = endAttempt(job, "cancelled", null, now);
  return { ...ended, ...CLOSED, state: "cancelled", notBefore: null, error: null, finishedAt: now };
}

export function orphanJob(job: Job, parent: JobError, now: number): Job | null {
  const orphan = cancelJob(job, now);
  return orphan && { ...orphan, error: { code: "parent_failed", message: parent.message } };
}

/** Others have made all of it. What is committing already is left to its end: it then owns nothing. */
export function supersedeJob(job: Job, now: number): Job | null {
  if (job.state === "committing" || (!isOpen(job.state) && job.state !== "dead")) return null;
  const error: JobError = { code: "superseded", message: "Others have made all of it." };
  const ended = endAttempt(job, "superseded", error, now);
  return { ...ended, ...CLOSED, state: "cancelled", notBefore: null, error, finishedAt: now };
}

/** Nobody has asked again for what was made ready because somebody waited. */
export function lapseJob(job: Job, now: number): Job | null {
  if (job.state !== "ready" || job.askedAt === null || job.askedAt + LAPSE_MS > now) return null;
  const error: JobError = { code: "lapsed", message: "Nobody waits for it any more." };
  return { ...job, ...CLOSED, state: "cancelled", error, finishedAt: now };
}

export function reopenJob(job: Job, now: number): Job | null {
  return job.state === "cancelled" && job.error?.code === "lapsed" ? ready(reset(job), now) : null;
}
