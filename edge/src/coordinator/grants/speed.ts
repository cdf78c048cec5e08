/**
 * What an agent has done, and how fast it proved to be at a kind of job, as a running mean. The schedule prefers the
 * faster one.
 */
import { SECOND } from "../../config.ts";
import type { Badge } from "../frames/badges.ts";
import type { Job } from "../ledger/ledger-types.ts";
import type { Pool } from "../pool.ts";

/** Weight of the newest job. */
const FRESH = 0.3;
/** Smaller changes are not worth a write. */
const WORTH_NOTING = 0.05;
/** Jobs done are counted on the badge and written down so many at once, and when the link ends. */
const COUNTED_TOGETHER = 16;

/** Called when a job of its is done. Of an agent that has left meanwhile nothing is noted. */
export function noteDone(pool: Pool, job: Job, now: number): void {
  const socket = job.agentId === null ? null : pool.sockets.find(job.agentId);
  if (!socket) return;
  const badge = pool.sockets.badge(socket);
  const speed = speedAfter(badge.speed, job, now);
  if (speed !== badge.speed) pool.store.agents.setSpeed(badge.agentId, speed);
  pool.sockets.pin(socket, writeDown(pool, { ...badge, speed, done: badge.done + 1 }, COUNTED_TOGETHER));
}

/** The badge without what it had counted, where that was so much at least. */
export function writeDown(pool: Pool, badge: Badge, least = 1): Badge {
  if (badge.done < least) return badge;
  pool.store.agents.countDone(badge.agentId, badge.done);
  return { ...badge, done: 0 };
}

function speedAfter(speed: Badge["speed"], { kind, cost, startedAt }: Job, now: number): Badge["speed"] {
  if (startedAt === null || now <= startedAt) return speed;
  const before = speed[kind];
  const blended = blend(before, (cost * SECOND) / (now - startedAt));
  const told = before === undefined || Math.abs(blended - before) >= before * WORTH_NOTING;
  return told ? { ...speed, [kind]: blended } : speed;
}

export function blend(before: number | undefined, fresh: number): number {
  return before === undefined ? fresh : before * (1 - FRESH) + fresh * FRESH;
}
