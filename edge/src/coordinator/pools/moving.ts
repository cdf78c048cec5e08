/**
 * Agents on their way to another pool. From the moment one is chosen it gets nothing here, and it is told to move
 * only once it holds nothing: an agent that moves drops what it has. Whoever is told and does not go stays after all.
 * Called by `coordinator.ts` for the minute's sweep and for the operator, after each frame, and as time passes.
 */
import { SECOND } from "../../config.ts";
import type { AgentStanding, Move, PoolStanding } from "./balance.ts";
import { countSlots, seatOf, type Badge } from "../frames/badges.ts";
import { log, type Pool } from "../pool.ts";
import { linksOf } from "./replacing.ts";

/** An agent leaves within five seconds, or not at all: it moves at most once a minute. */
const GONE_WITHIN_MS = 30 * SECOND;
/** So often is it told again whom the operator sends: by then it may move once more. */
const TOLD_AGAIN = 2;

export function standingOf(pool: Pool, now: number): PoolStanding {
  const { store, sockets } = pool;
  const counts = store.queue.countByState();
  return {
    pool: pool.name,
    waiting: store.figures.ready(),
    open: Object.values(counts).reduce((sum, count) => sum + count, 0) - (counts["dead"] ?? 0),
    agents: sockets.greeted().flatMap((socket) => agentStanding(pool, socket, now) ?? []),
    links: linksOf(pool),
  };
}

/** Null for one that takes nothing. */
function agentStanding({ store, sockets }: Pool, socket: WebSocket, now: number): AgentStanding | null {
  const badge = sockets.badge(socket);
  const free = countSlots(badge.free);
  const resting = badge.resting !== null && free === 0;
  if (badge.paused || badge.revoked || badge.moving !== null || resting) return null;
  const { agentId, kinds, drained, capacity } = seatOf(badge, now);
  const held = countSlots(store.queue.heldSlots(agentId));
  const connectedAt = badge.connectedAt;
  return { agentId, kinds, drained, capacity, held, idle: held === 0 && free > 0, connectedAt };
}

/** Answers those that go. */
export function moveAgents(
  pool: Pool,
  ids: readonly string[],
  to: string,
  when: Move["when"],
  now: number,
): string[] {
  return ids.filter((id) => {
    const socket = pool.sockets.find(id);
    const standing = socket && agentStanding(pool, socket, now);
    if (!socket || !standing || (when === "idle" && !standing.idle)) return false;
    pool.sockets.pin(socket, { ...pool.sockets.badge(socket), moving: { to, toldAt: null } });
    leaveIfFree(pool, socket, now);
    return true;
  });
}

/**
 * The operator's word: whatever it does, and whether or not it takes jobs, it goes once it holds nothing. In the pool
 * that it is to go to, it stays.
 */
export function sendAgent(pool: Pool, agentId: string, to: string, now: number): void {
  const socket = pool.sockets.find(agentId);
  if (!socket) return;
  const moving = to === pool.name ? null : { to, toldAt: null, again: TOLD_AGAIN };
  pool.sockets.pin(socket, { ...pool.sockets.badge(socket), moving });
  leaveIfFree(pool, socket, now);
}

/** After anything that may have ended its last lease. */
export function leaveIfFree(pool: Pool, socket: WebSocket, now: number): void {
  const badge = pool.sockets.badge(socket);
  const { agentId, moving } = badge;
  if (moving === null || moving.toldAt !== null) return;
  if (countSlots(pool.store.queue.heldSlots(agentId)) > 0) return;
  pool.sockets.pin(socket, { ...badge, moving: { ...moving, toldAt: now } });
  pool.sockets.send(socket, { type: "move", url: `/agent?pool=${moving.to}` });
  log(pool, "info", "agent told to move", { agent: agentId, to: moving.to });
}

function onceMore(moving: Badge["moving"]): Badge["moving"] {
  const again = moving?.again ?? 0;
  return moving && again > 0 ? { ...moving, toldAt: null, again: again - 1 } : null;
}

/** Leases end by time too; and who was told and is still here is one of ours again. */
export function settleMoves(pool: Pool, now: number): void {
  for (const socket of pool.sockets.leaving()) {
    const badge = pool.sockets.badge(socket);
    if (now - (badge.moving?.toldAt ?? now) > GONE_WITHIN_MS)
      pool.sockets.pin(socket, { ...badge, moving: onceMore(badge.moving) });
    leaveIfFree(pool, socket, now);
  }
}
