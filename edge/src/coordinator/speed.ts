/** How fast an agent proved to be at a kind of job, as a running mean. The schedule prefers the faster one. */
import { SECOND } from "../config.ts";
import type { Job } from "./ledger-types.ts";
import type { Pool } from "./pool.ts";

/** Weight of the newest job. */
const FRESH = 0.3;
/** Smaller changes are not worth a write. */
const WORTH_NOTING = 0.05;

/** Called when a job of its is done. Of an agent that has left meanwhile nothing is noted. */
export function noteSpeed(pool: Pool, { agentId, kind, cost, startedAt }: Job, now: number): void {
  const socket = agentId === null ? null : pool.sockets.find(agentId);
  if (!socket || startedAt === null || now <= startedAt) return;
  const badge = pool.sockets.badge(socket);
  const before = badge.speed[kind];
  const blended = blend(before, (cost * SECOND) / (now - startedAt));
  if (before !== undefined && Math.abs(blended - before) < before * WORTH_NOTING) return;
  const speed = { ...badge.speed, [kind]: blended };
  pool.store.agents.setSpeed(badge.agentId, speed);
  pool.sockets.pin(socket, { ...badge, speed });
}

export function blend(before: number | undefined, fresh: number): number {
  return before === undefined ? fresh : before * (1 - FRESH) + fresh * FRESH;
}
