/** `renew` and `ready`: what an agent holds and how far it is, and how many slots it has free. */
import type { Ready, Renew, Slots } from "#protocol";
import { freeSlots } from "./badges.ts";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld } from "./lease-check.ts";
import { renewJob } from "../ledger/lease.ts";
import { inTurn } from "../pool.ts";
import type { Outgoing } from "./sockets.ts";
import { apply } from "../turns.ts";

/** What is pinned to a socket has to stay small. */
const LONGEST_REASON = 120;

export async function renewFrame({ pool, badge, now }: Incoming, renew: Renew): Promise<Outgoing> {
  const claims = await Promise.all(
    renew.leases.map(async (lease) => ({
      ...(await claimOf(badge.agentId, lease)),
      fraction: lease.fraction,
    })),
  );
  const lost = inTurn(pool, now, (turn) =>
    claims.filter((claim) => {
      const job = findHeld(turn.store, claim);
      return !job || !apply(turn, job, renewJob(job, claim.fraction, pool.config.leaseMs, now));
    }),
  );
  return { type: "renewed", re: renew.seq, lost: lost.map(({ job }) => job) };
}

/** Counts are absolute; a grant that crossed the frame is subtracted. */
export function readyFrame({ pool, socket, badge }: Incoming, ready: Ready): Promise<null> {
  const capacity = larger(badge.capacity, ready.slots);
  const free = freeSlots(capacity, ready.slots, pool.store.queue.heldSlots(badge.agentId));
  const resting = ready.resting?.slice(0, LONGEST_REASON) ?? null;
  pool.sockets.pin(socket, { ...badge, capacity, free, resting });
  return Promise.resolve(null);
}

function larger(one: Slots, other: Slots): Slots {
  return {
    gpu: Math.max(one.gpu, other.gpu),
    cpu: Math.max(one.cpu, other.cpu),
    io: Math.max(one.io, other.io),
  };
}
