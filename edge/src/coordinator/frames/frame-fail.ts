/** `fail` and `release`: an agent gives a job back, with a reason or without. */
import type { Fail, Release } from "#protocol";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld, stale } from "./lease-check.ts";
import type { Job } from "../ledger/ledger-types.ts";
import { failByAgent, failPermanent, failTransient, releaseJob } from "../ledger/ledger.ts";
import { inTurn, log } from "../pool.ts";
import { publishDue } from "../results/publish.ts";
import { DRAIN_MS } from "../ledger/retry.ts";
import type { Outgoing } from "./sockets.ts";
import { apply, type Turn } from "../turns.ts";

export async function failFrame(incoming: Incoming, fail: Fail): Promise<Outgoing> {
  const { pool, badge, now } = incoming;
  const claim = await claimOf(badge.agentId, fail.lease);
  const job = inTurn(pool, now, (turn) => {
    const held = findHeld(turn.store, claim);
    if (held) apply(turn, held, failed(turn, held, fail));
    return held;
  });
  if (!job) return stale(fail.seq);
  const { class: kind, code, message } = fail;
  log(pool, "warn", "job failed", { agent: badge.agentId, job: job.id, class: kind, code, reason: message });
  if (fail.class === "agent_fault") drainFor(incoming, job);
  pool.later(publishDue(pool, now));
  return { type: "accepted", re: fail.seq };
}

export async function releaseFrame({ pool, badge, now }: Incoming, release: Release): Promise<Outgoing> {
  const claim = await claimOf(badge.agentId, release.lease);
  const released = inTurn(pool, now, (turn) => {
    const job = findHeld(turn.store, claim);
    return job !== null && apply(turn, job, releaseJob(job, now));
  });
  return released ? { type: "accepted", re: release.seq } : stale(release.seq);
}

function failed(turn: Turn, job: Job, { class: kind, code, message }: Fail): Job | null {
  switch (kind) {
    case "transient":
      return failTransient(job, { code, message }, turn.now, turn.random);
    case "permanent":
      return failPermanent(job, { code, message }, turn.now);
    case "agent_fault":
      return failByAgent(job, { code, message }, turn.now);
  }
}

/** The machine's trouble: it gets none of that kind for a while. */
function drainFor({ pool, socket, now }: Incoming, { kind }: Job): void {
  const badge = pool.sockets.badge(socket);
  const drained = { ...badge.drained, [kind]: now + DRAIN_MS };
  pool.sockets.pin(socket, { ...badge, drained });
  const known = pool.store.agents.find(badge.agentId);
  if (known) pool.store.agents.save({ ...known, drained });
}
