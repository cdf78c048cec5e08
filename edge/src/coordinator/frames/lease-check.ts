/** Looks up a lease that an agent names. Its secret is hashed before the turn, since hashing cannot be waited for in it. */
import type { LeaseRef } from "#protocol";
import { hashSecret } from "../../catalog/ids.ts";
import { holds, wasCompleted } from "../ledger/lease.ts";
import type { Claim, Job } from "../ledger/ledger-types.ts";
import type { LedgerStore } from "../store/ledger-store.ts";
import type { Outgoing } from "./sockets.ts";

export async function claimOf(agentId: string, lease: LeaseRef): Promise<Claim & { job: string }> {
  return { job: lease.job, agentId, epoch: lease.epoch, hash: await hashSecret(lease.secret) };
}

/** The job, if the claim names its current lease. */
export function findHeld(store: LedgerStore, claim: Claim & { job: string }): Job | null {
  const job = store.jobs.find(claim.job);
  return job && holds(job, claim) ? job : null;
}

/** True where the claim names an attempt that was completed before. */
export function isCompleted(store: LedgerStore, claim: Claim & { job: string }): boolean {
  const job = store.jobs.find(claim.job);
  return job !== null && wasCompleted(job, claim);
}

export function stale(re: number): Outgoing {
  return {
    type: "refused",
    re,
    reason: "stale",
    message: "This lease is over; drop the work.",
  };
}
