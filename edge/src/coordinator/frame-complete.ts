/**
 * `complete`: an agent says that it is done. The answer comes at once and means "received"; the objects are
 * looked for afterwards. The same completion again gets the same answer, whatever became of it.
 */
import type { Complete } from "#protocol";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld, isCompleted, stale } from "./lease-check.ts";
import { completeJob, failTransient } from "./ledger.ts";
import { faultOf } from "./manifest.ts";
import { inTurn, log } from "./pool.ts";
import type { Outgoing } from "./sockets.ts";
import { apply } from "./turns.ts";
import { verifyJob } from "./verify.ts";

export async function completeFrame({ pool, badge, now }: Incoming, complete: Complete): Promise<Outgoing> {
  const claim = await claimOf(badge.agentId, complete.lease);
  const reply = inTurn(pool, now, (turn): Outgoing => {
    const job = findHeld(turn.store, claim);
    if (!job) {
      const repeated = isCompleted(turn.store, claim);
      return repeated ? { type: "accepted", re: complete.seq } : stale(complete.seq);
    }
    const { objects, result } = complete;
    const message = job.recipe === null ? "The job has no recipe." : faultOf(job.recipe, complete);
    if (message !== null) {
      apply(turn, job, failTransient(job, { code: "incomplete", message }, now, turn.random));
      return { type: "refused", re: complete.seq, reason: "invalid", message };
    }
    apply(turn, job, completeJob(job, { objects, result }, now));
    return { type: "accepted", re: complete.seq };
  });
  if (reply.type === "refused")
    log(pool, "warn", "completion refused", { agent: badge.agentId, job: claim.job, reason: reply.message });
  else pool.later(verifyJob(pool, claim.job, now));
  return reply;
}
