/** How fast an agent proved to be at a kind of job, as a running mean. The schedule prefers the faster one. */
import { SECOND } from "../config.ts";
import type { Job } from "./ledger-types.ts";
import type { Pool } from "./pool.ts";

/** Weight of the newest job. */
const FRESH = 0.3;

/** Called when a job of its is done. */
export function noteSpeed(pool: Pool, { agentId, kind, cost, startedAt }: Job, now: number): void {
  const known = agentId === null ? null : pool.store.agents.find(agentId);
  if (!known || startedAt === null || now <= startedAt) return;
  const speed = { ...known.speed, [kind]: blend(known.speed[kind], (cost * SECOND) / (now - startedAt)) };
  pool.store.agents.save({ ...known, speed });
  const socket = pool.sockets.find(known.agentId);
  if (socket) pool.sockets.pin(socket, { ...pool.sockets.badge(socket), speed });
}

export function blend(before: number | undefined, fresh: number): number {
  return before === undefined ? fresh : before * (1 - FRESH) + fresh * FRESH;
}
