/**
 * `hello`: an agent comes, or comes back. What it still holds is resumed where the lease is still its own,
 * adopted where it ran out and nobody else has had it, and lost otherwise. Leases it does not name any more
 * are free again: after a new start as a loss, within the same start uncharged (the grant never reached it).
 */
import type { Hello, LeaseRef, Welcome } from "#protocol";
import { SECOND } from "../../config.ts";
import type { Badge } from "./badges.ts";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld, isCompleted } from "./lease-check.ts";
import { adoptJob, renewJob } from "../ledger/lease.ts";
import { NO_SLOTS, type Claim, type Job } from "../ledger/ledger-types.ts";
import { loseJob, releaseJob } from "../ledger/ledger.ts";
import { inTurn, log, type Pool } from "../pool.ts";
import { replaceElsewhere } from "../pools/replacing.ts";
import { newNonce } from "../grants/secrets.ts";
import type { Outgoing } from "./sockets.ts";
import { apply, type Turn } from "../turns.ts";

/** Keeps the link alive without waking the object. */
const PING_MS = 20 * SECOND;
/** Of a lease: renewals come three times in it, so two may be lost. */
const RENEW_SHARE = 1 / 3;

type Fates = Pick<Welcome, "resumed" | "adopted" | "lost">;
type HeldClaim = Claim & { job: string };

export async function helloFrame(incoming: Incoming, hello: Hello): Promise<Outgoing | null> {
  const { pool, socket, now } = incoming;
  const claims = await Promise.all(hello.held.map((lease) => claimOf(incoming.badge.agentId, lease)));
  await pool.secrets.fill(claims.length);
  // The operator may have said something meanwhile.
  const badge = pool.sockets.badge(socket);
  if (badge.revoked) return null;
  pool.store.replies.dropOtherBoots(badge.agentId, hello.bootId);
  const fates = inTurn(pool, now, (turn) => decide(pool, turn, badge.agentId, hello, claims));
  const greeted = introduce(pool, badge, hello, now);
  log(pool, "info", "agent connected", {
    agent: badge.agentId,
    resumed: fates.resumed.length,
    adopted: fates.adopted.length,
    lost: fates.lost.length,
  });
  pool.sockets.greet(socket, greeted);
  replaceElsewhere(pool, greeted);
  return {
    type: "welcome",
    re: hello.seq,
    protocol: hello.protocol,
    renewMs: pool.config.leaseMs * RENEW_SHARE,
    pingMs: PING_MS,
    leaseMs: pool.config.leaseMs,
    ...fates,
  };
}

function decide(pool: Pool, turn: Turn, agentId: string, hello: Hello, claims: readonly HeldClaim[]): Fates {
  const fates: Fates = { resumed: [], adopted: [], lost: [] };
  for (const claim of claims) {
    const held = findHeld(turn.store, claim);
    const adopted = held ? null : adopt(pool, turn, hello, claim);
    if (held) apply(turn, held, renewJob(held, held.fraction, pool.config.leaseMs, turn.now));
    if (held || isCompleted(turn.store, claim)) fates.resumed.push(claim.job);
    else if (adopted) fates.adopted.push({ job: claim.job, from: claim.epoch, lease: adopted });
    else fates.lost.push(claim.job);
  }
  const named = new Set(claims.map(({ job }) => job));
  for (const job of turn.store.queue.leasedBy(agentId)) {
    if (!named.has(job.id)) freeUnnamed(turn, job, hello.bootId);
  }
  return fates;
}

function adopt(pool: Pool, turn: Turn, hello: Hello, claim: HeldClaim): LeaseRef | null {
  const job = turn.store.jobs.find(claim.job);
  const minted = pool.secrets.take();
  if (!job || !minted) return null;
  const to = {
    bootId: hello.bootId,
    secretHash: minted.hash,
    nonce: newNonce(),
    leaseMs: pool.config.leaseMs,
  };
  const adopted = adoptJob(job, claim, to, turn.now);
  if (!apply(turn, job, adopted) || !adopted) return null;
  return { job: job.id, epoch: adopted.epoch, secret: minted.secret };
}

function freeUnnamed(turn: Turn, job: Job, bootId: string): void {
  apply(turn, job, job.bootId === bootId ? releaseJob(job, turn.now) : loseJob(job, turn.now));
}

function introduce(pool: Pool, badge: Badge, hello: Hello, now: number): Badge {
  const { agentId } = badge;
  const { bootId, label, agentVersion: version, capabilities, slots } = hello;
  const known = pool.store.agents.find(agentId);
  const { done = 0, losses = 0 } = known ?? {};
  pool.store.orders.forgive(agentId);
  pool.store.absences.end(agentId);
  const drained = known?.bootId === bootId ? known.drained : {};
  const speed = known?.speed ?? {};
  pool.store.agents.save({
    ...{ agentId, label, bootId, version, capabilities, drained, speed },
    ...{ seenAt: now, done, losses },
  });
  // What it may be given it says with `ready`, once it has dealt with what it holds.
  const kinds = capabilities.kinds;
  return { ...badge, bootId, kinds, capacity: slots, free: NO_SLOTS, drained, speed, resting: null };
}
