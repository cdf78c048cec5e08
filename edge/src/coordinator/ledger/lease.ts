/**
 * A lease: who holds it, how long it still runs, and how its old holder gets it back. Pure, the other half of
 * the state machine written out in `ledger.ts`. A lease is named by job, epoch and secret, all three.
 */
import { equalHashes } from "../../catalog/ids.ts";
import { attemptPrefix } from "../../storage/object-keys.ts";
import { resumeAttempt } from "./history.ts";
import type { Claim, Grantee, Job } from "./ledger-types.ts";
import { CLOSED_LEASE_MS } from "./retry.ts";

/** True for the current lease of a leased job. Hashes are compared in constant time. */
export function holds(job: Job, claim: Claim): boolean {
  return job.state === "leased" && isNamed(job, claim);
}

/** True where that attempt has been completed already: the same answer is due. */
export function wasCompleted(job: Job, claim: Claim): boolean {
  return (job.state === "committing" || job.state === "done") && isNamed(job, claim);
}

export function renewJob(job: Job, fraction: number, leaseMs: number, now: number): Job | null {
  if (job.state !== "leased" || job.deadline === null) return null;
  const leaseEnd = Math.min(now + leaseMs, job.deadline);
  return { ...job, leaseEnd, fraction: Math.max(job.fraction, fraction) };
}

export function shortenLease(job: Job, now: number): Job | null {
  if (job.state !== "leased" || job.leaseEnd === null) return null;
  return { ...job, leaseEnd: Math.min(job.leaseEnd, now + CLOSED_LEASE_MS) };
}

/**
 * The old holder comes back: it goes on with what it has, under a new epoch and below a new prefix, and what
 * it uploaded below the old ones still counts.
 */
export function adoptJob(
  job: Job,
  claim: Claim,
  to: Omit<Grantee, "agentId" | "slot">,
  now: number,
): Job | null {
  if (job.agentId !== claim.agentId || job.deadline === null || job.deadline <= now) return null;
  // The answer to an earlier hello may be lost: then it still knows only what it had before.
  const former = job.formerEpoch === claim.epoch && equalHashes(job.formerHash ?? "", claim.hash);
  const returns = job.state === "ready" && (isNamed(job, claim) || former);
  const repeats = job.state === "leased" && former;
  if (!returns && !repeats) return null;
  const epoch = job.epoch + 1;
  return {
    ...job,
    state: "leased",
    epoch,
    losses: returns ? job.losses - 1 : job.losses,
    avoid: null,
    error: null,
    bootId: to.bootId,
    secretHash: to.secretHash,
    formerEpoch: claim.epoch,
    formerHash: claim.hash,
    leaseEnd: Math.min(now + to.leaseMs, job.deadline),
    prefixes: [attemptPrefix({ ...job, epoch, nonce: to.nonce }), ...job.prefixes],
    history: resumeAttempt(job.history, epoch),
  };
}

function isNamed(job: Job, claim: Claim): boolean {
  const same = equalHashes(job.secretHash ?? "", claim.hash);
  return same && job.agentId === claim.agentId && job.epoch === claim.epoch;
}
