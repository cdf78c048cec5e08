/**
 * The state machine of a job, as pure functions over one row: each event is a function that answers the row
 * as it is afterwards, or null where the event does not belong to the row's state, and then nothing changes.
 * Called by the turns of this room (`turns.ts`), which load and save rows; knows no clock, socket or table.
 * What concerns a lease that is there (whose it is, renewing, closing, adopting) stands in `lease.ts`, what
 * nobody needs any more in `withdrawal.ts`, what begins anew in `revival.ts`; what became of each attempt is written down by `history.ts`.
 *
 *   blocked ──parents done──▶ ready ──grant──▶ leased ──complete──▶ committing ──verified──▶ done
 *                               ▲                │  │                    │                    │
 *                               │ release,       │  │ fail, deadline     │ object missing     │ object gone
 *                               │ expiry, fault  │  │                    │                    │ (daily sweep)
 *                               ├────────────────┘  ▼                    ▼                    ▼
 *                               ◀────notBefore── retry_wait ◀────────────┘                  ready
 *                                                   │ attempts ≥ 5 or losses ≥ 5, or permanent
 *                                                   ▼
 *                                                 dead ──redrive──▶ ready      any open ──file deleted──▶ cancelled
 *
 *   from          event                       to          rule
 *   –             enqueue                     ready       blocked while a parent is not done
 *   ready         grant                       leased      epoch + 1, attempts + 1, fresh secret, lease, deadline
 *   leased        renew                       leased      never past the attempt's deadline
 *   leased        socket closed               leased      at most 10 s left; never lengthened
 *   leased        lease ran out               ready       losses + 1; the epoch stays, the old holder may adopt
 *   leased        deadline passed             retry_wait  as a transient failure
 *   leased        fail transient              retry_wait  10 s × 2^(n−1), at most 30 min, jittered
 *   leased        fail permanent              dead
 *   leased        fail agent_fault            ready       not charged the first two times
 *   leased        release                     ready       not charged
 *   leased        complete                    committing  the manifest is kept
 *   committing    verified                    done
 *   committing    storage did not answer      committing  looked at again later
 *   committing    object missing, different   retry_wait  as a transient failure
 *   ready         nothing to make it from     dead        an mp4 without a segment
 *   ready         hello of the old holder     leased      adopted: epoch + 1, new secret and keys, the loss undone
 *   leased        the same hello once more    leased      adopted again: the first answer may be lost
 *   dead          redrive                     ready       counters reset, the epoch never; children revive
 *   done          its object is gone          ready       made again under a new epoch
 *   any open      file deleted                cancelled
 *   any open      the operator cancels it     cancelled   `stopped`: redriven like what is dead
 *   leased        its agent is paused,        ready       not charged; nothing of that attempt comes back
 *                 its key revoked
 *   retry_wait    the operator is impatient   ready
 *   any open      parent dead                 cancelled   `parent_failed`; revived with the parent
 *   ready, leased,  others own all of it      cancelled   `superseded`: counts as done for its children
 *     retry_wait, dead
 *   ready         nobody waits any more       cancelled   `lapsed`, if it was made for somebody who waited
 *   cancelled     somebody waits again        ready       what had lapsed, and nothing else
 */
import type { FailureCode } from "#protocol";
import { MINUTE, SECOND } from "../../config.ts";
import { attemptPrefix } from "../../storage/object-keys.ts";
import { beginAttempt, endAttempt } from "./history.ts";
import {
  isOpen,
  type Grantee,
  type Job,
  type JobError,
  type JobSpec,
  type Manifest,
  type StoredObject,
} from "./ledger-types.ts";
import { attemptMs, FREE_FAULTS, isPoison, retryDelay, stepDelay } from "./retry.ts";

/** What waits this long rises one rank. */
export const AGEING_MS = 10 * MINUTE;

/** A completion is verified at once; the alarm looks again after this, should that have been cut off. */
const VERIFY_MS = 30 * SECOND;

const NO_LEASE = { slot: null, leaseEnd: null, deadline: null, formerEpoch: null, formerHash: null } as const;
/** Without the hash of its secret the last holder cannot come back to this attempt. */
export const CLOSED = { ...NO_LEASE, secretHash: null, fraction: 0 } as const;

export function newJob(spec: JobSpec, id: string, blocked: boolean, now: number): Job {
  const { parents: _, ...asked } = spec;
  return {
    ...asked,
    ...CLOSED,
    id,
    state: blocked ? "blocked" : "ready",
    epoch: 0,
    attempts: 0,
    losses: 0,
    faults: 0,
    tries: 0,
    agentId: null,
    bootId: null,
    notBefore: null,
    waitingSince: now,
    turn: spec.rank,
    ageAt: now + AGEING_MS,
    askedAt: null,
    avoid: null,
    error: null,
    prefixes: [],
    manifest: null,
    objects: [],
    history: [],
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

export function unblockJob(job: Job, now: number): Job | null {
  return job.state === "blocked" ? ready(job, now) : null;
}

/** retry_wait is over. */
export function wakeJob(job: Job, now: number): Job | null {
  return job.state === "retry_wait" && (job.notBefore ?? 0) <= now ? ready(job, now) : null;
}

export function ageJob(job: Job, now: number): Job | null {
  if (job.state !== "ready" || job.ageAt > now) return null;
  const risen = Math.floor((now - job.waitingSince) / AGEING_MS);
  return {
    ...job,
    turn: Math.max(0, Math.min(job.turn, job.rank - risen)),
    ageAt: job.waitingSince + (risen + 1) * AGEING_MS,
  };
}

/** Somebody waits for it now. */
export function raiseJob(job: Job, rank: number): Job | null {
  if (!isOpen(job.state) || job.rank <= rank) return null;
  return { ...job, rank, turn: Math.min(job.turn, rank) };
}

export function grantJob(job: Job, to: Grantee, now: number): Job | null {
  if (job.state !== "ready") return null;
  const epoch = job.epoch + 1;
  const deadline = now + attemptMs(job);
  return {
    ...job,
    ...NO_LEASE,
    state: "leased",
    epoch,
    attempts: job.attempts + 1,
    agentId: to.agentId,
    bootId: to.bootId,
    slot: to.slot,
    secretHash: to.secretHash,
    leaseEnd: Math.min(now + to.leaseMs, deadline),
    deadline,
    notBefore: null,
    fraction: 0,
    prefixes: [attemptPrefix({ ...job, epoch, nonce: to.nonce })],
    history: beginAttempt(job.history, epoch, to, now),
    startedAt: now,
  };
}

/** The alarm looks at a lease: past its end it is lost, past the attempt's deadline it has failed. */
export function expireJob(job: Job, now: number, random: () => number): Job | null {
  if (job.state !== "leased") return null;
  if (job.deadline !== null && job.deadline <= now) {
    return retry(job, { code: "timeout", message: "The attempt took too long." }, now, random);
  }
  return job.leaseEnd !== null && job.leaseEnd <= now ? loseJob(job, now) : null;
}

/** The holder is gone, with or without its lease having run out. */
export function loseJob(job: Job, now: number): Job | null {
  if (job.state !== "leased") return null;
  const error: JobError = { code: "lost", message: "The agent was lost while it worked on this." };
  const ended = endAttempt(job, "lost", error, now);
  const lost = { ...ended, losses: job.losses + 1, avoid: job.agentId, error };
  if (isPoison(lost)) return bury(lost, error, now);
  // The secret's hash stays until the next grant, so that the holder may have the job back.
  return { ...ready(lost, now), leaseEnd: null };
}

export function failTransient(
  job: Job,
  error: { code: FailureCode; message: string },
  now: number,
  random: () => number,
): Job | null {
  return job.state === "leased" ? retry(job, error, now, random) : null;
}

export function failPermanent(
  job: Job,
  error: { code: FailureCode; message: string },
  now: number,
): Job | null {
  return job.state === "leased" ? bury(endAttempt(job, "failed", error, now), error, now) : null;
}

/** The agent's own trouble: another agent will do better. */
export function failByAgent(
  job: Job,
  error: { code: FailureCode; message: string },
  now: number,
): Job | null {
  if (job.state !== "leased") return null;
  const charge = job.faults < FREE_FAULTS ? 1 : 0;
  const failed = {
    ...endAttempt(job, "fault", error, now),
    faults: job.faults + 1,
    attempts: job.attempts - charge,
    avoid: job.agentId,
    error,
  };
  return isPoison(failed) ? bury(failed, error, now) : { ...ready(failed, now), ...CLOSED };
}

/** Its parents left nothing to make it from. */
export function ruinJob(job: Job, message: string, now: number): Job | null {
  return job.state === "ready" ? bury(job, { code: "unsupported", message }, now) : null;
}

export function releaseJob(job: Job, now: number): Job | null {
  if (job.state !== "leased") return null;
  const ended = endAttempt(job, "released", null, now);
  return { ...ready(ended, now), ...CLOSED, attempts: job.attempts - 1 };
}

export function completeJob(job: Job, manifest: Manifest, now: number): Job | null {
  if (job.state !== "leased") return null;
  return {
    ...job,
    ...NO_LEASE,
    state: "committing",
    manifest,
    notBefore: now + VERIFY_MS,
    tries: 0,
  };
}

/** The storage did not answer: try again later. */
export function postponeCommit(job: Job, now: number, random: () => number): Job | null {
  if (job.state !== "committing") return null;
  return { ...job, tries: job.tries + 1, notBefore: now + stepDelay(job.tries, random) };
}

export function missObjects(job: Job, message: string, now: number, random: () => number): Job | null {
  if (job.state !== "committing") return null;
  return { ...retry(job, { code: "incomplete", message }, now, random), manifest: null };
}

export function commitJob(job: Job, objects: StoredObject[], now: number): Job | null {
  if (job.state !== "committing") return null;
  const ended = endAttempt(job, "done", null, now);
  // Of a job that is made again: what was there still is what the catalogue names.
  const fresh = objects.filter(({ name }) => !job.objects.some((kept) => kept.name === name));
  const kept = [...job.objects, ...fresh];
  return {
    ...ended,
    state: "done",
    objects: kept,
    notBefore: null,
    fraction: 1,
    error: null,
    finishedAt: now,
  };
}

export function ready(job: Job, now: number): Job {
  return {
    ...job,
    state: "ready",
    notBefore: null,
    waitingSince: now,
    turn: job.rank,
    ageAt: now + AGEING_MS,
  };
}

function retry(job: Job, error: JobError, now: number, random: () => number): Job {
  const failed = { ...endAttempt(job, "failed", error, now), ...CLOSED, avoid: job.agentId, error };
  if (isPoison(failed)) return bury(failed, error, now);
  return { ...failed, state: "retry_wait", notBefore: now + retryDelay(job.attempts, random) };
}

function bury(job: Job, error: JobError, now: number): Job {
  return { ...job, ...CLOSED, state: "dead", notBefore: null, error, finishedAt: now };
}
