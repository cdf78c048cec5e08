/**
 * `complete`: an agent says that it is done. The answer comes at once and means "received"; the objects are
 * looked for afterwards. The same completion again gets the same answer, whatever became of it.
 */
import type { Complete } from "#protocol";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld, isCompleted, stale } from "./lease-check.ts";
import type { Claim, Job } from "../ledger/ledger-types.ts";
import { completeJob, failTransient } from "../ledger/ledger.ts";
import { faultOf } from "../results/manifest.ts";
import { inTurn, log } from "../pool.ts";
import type { Outgoing } from "./sockets.ts";
import { apply, type Turn } from "../turns.ts";
import { verifyJob } from "../results/verify.ts";

export async function completeFrame({ pool, badge, now }: Incoming, complete: Complete): Promise<Outgoing> {
  const claim = await claimOf(badge.agentId, complete.lease);
  const { reply, completed } = inTurn(pool, now, (turn) => completeTurn(turn, claim, complete));
  if (reply.type === "refused")
    log(pool, "warn", "completion refused", { agent: badge.agentId, job: claim.job, reason: reply.message });
  if (completed) pool.later(verifyJob(pool, completed, now));
  return reply;
}

interface Received {
  reply: Outgoing;
  /** Null where nothing is to be verified. */
  completed: Job | null;
}

function completeTurn(turn: Turn, claim: Claim & { job: string }, complete: Complete): Received {
  const { objects, result, seq: re } = complete;
  const job = findHeld(turn.store, claim);
  if (!job) {
    const repeated = isCompleted(turn.store, claim);
    return { reply: repeated ? { type: "accepted", re } : stale(re), completed: null };
  }
  const message = job.recipe === null ? "The job has no recipe." : faultOf(job.recipe, complete);
  if (message !== null) {
    apply(turn, job, failTransient(job, { code: "incomplete", message }, turn.now, turn.random));
    return { reply: { type: "refused", re, reason: "invalid", message }, completed: null };
  }
  const completed = completeJob(job, { objects, result }, turn.now);
  apply(turn, job, completed);
  return { reply: { type: "accepted", re }, completed };
}
