/**
 * What the operator orders, pure: how an agent is to be treated, and the steps of a single job that only people
 * ask for; the rest of the state machine written out in `ledger.ts`. Called by the turns of `steering.ts` and
 * `job-steps.ts`.
 */
import { z } from "zod";
import type { AgentRow } from "../../catalog/agents.ts";
import { endAttempt } from "../ledger/history.ts";
import { releaseJob, wakeJob } from "../ledger/ledger.ts";
import type { Job, JobError } from "../ledger/ledger-types.ts";
import { cancelJob } from "../ledger/withdrawal.ts";

/** How an agent is to be treated. It comes with each upgrade and with each change; the newest counts. */
export const AgentOrder = z.object({
  agentId: z.string(),
  tier: z.number().int(),
  state: z.enum(["active", "paused", "draining", "revoked"]),
  /** Grows with every change of the agent's row. */
  changedAt: z.number(),
});
export type AgentOrder = z.infer<typeof AgentOrder>;

export function orderOf({ id, tier, state, revokedAt, changedAt }: AgentRow): AgentOrder {
  return { agentId: id, tier, state: revokedAt === null ? state : "revoked", changedAt };
}

/** What came late says nothing new: a revoked key stays revoked, whichever word arrives first. */
export function newerOrder(known: AgentOrder | null, told: AgentOrder): AgentOrder {
  return known !== null && known.changedAt >= told.changedAt ? known : told;
}

/** Its agent is not to have it any longer: uncharged, and nothing of that attempt comes back. */
export function withdrawJob(job: Job, state: "paused" | "revoked", now: number): Job | null {
  const words = { paused: "The operator paused the agent.", revoked: "The agent's key was revoked." };
  const error: JobError = { code: "withdrawn", message: words[state] };
  const released = releaseJob(endAttempt(job, "released", error, now), now);
  return released && { ...released, error };
}

/** Cancelled by the operator; unlike what went with its file, it may be redriven. */
export function stopJob(job: Job, now: number): Job | null {
  const stopped = cancelJob(job, now);
  return stopped && { ...stopped, error: { code: "stopped", message: "The operator cancelled it." } };
}

/** The next attempt need not wait any longer. */
export function hurryJob(job: Job, now: number): Job | null {
  return wakeJob({ ...job, notBefore: now }, now);
}
