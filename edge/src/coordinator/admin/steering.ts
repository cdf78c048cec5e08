/**
 * The operator's word about an agent takes effect: its badge says what it may get, it is told, and what it is not
 * to hold any longer goes to others. Telling it twice changes nothing. Called by `coordinator.ts`, at an upgrade
 * with the order that came along and at once with every change.
 */
import { CLOSE_REVOKED } from "#protocol";
import { dispatch } from "../grants/dispatch.ts";
import type { Badge } from "../frames/badges.ts";
import { inTurn, log, type Pool } from "../pool.ts";
import { apply } from "../turns.ts";
import { AgentOrder, withdrawJob } from "./orders.ts";

const DRAINING = "The operator wants this agent to take no more.";

export async function steer(pool: Pool, told: AgentOrder, now: number): Promise<void> {
  const order = pool.store.orders.note(told);
  const { agentId, state } = order;
  if (state === "paused" || state === "revoked") withdrawFrom(pool, agentId, state, now);
  for (const socket of pool.sockets.ofAgent(agentId)) {
    const before = pool.sockets.badge(socket);
    const after = underOrder(before, order);
    pool.sockets.pin(socket, after);
    if (before.paused !== after.paused) tellPaused(pool, socket, after);
  }
  if (state === "revoked") {
    pool.store.absences.end(agentId);
    pool.sockets.closeAgent(agentId, CLOSE_REVOKED, "the key was revoked");
    pool.replies.dropAgent(agentId);
  }
  log(pool, "debug", "agent steered", { agent: agentId, state, tier: order.tier });
  await dispatch(pool, now);
}

/** False for what was heard and done before. */
export function isNews({ store }: Pool, { agentId, changedAt }: AgentOrder): boolean {
  return (store.orders.find(agentId)?.changedAt ?? -1) < changedAt;
}

/** How the agent is to be treated that comes with this order; null where it brought none and none is known. */
export async function orderAtDoor(
  pool: Pool,
  agentId: string,
  header: string | null,
  now: number,
): Promise<AgentOrder | null> {
  const told = header === null ? null : AgentOrder.parse(JSON.parse(header));
  if (told && isNews(pool, told)) await steer(pool, told, now);
  return pool.store.orders.find(agentId);
}

/** The badge of an agent that is to be treated so. */
export function underOrder(badge: Badge, order: AgentOrder | null): Badge {
  if (order === null) return badge;
  const { tier, state } = order;
  return { ...badge, tier, paused: state !== "active", revoked: state === "revoked" };
}

/** It may say so in its log; nothing hangs on it. */
export function tellPaused(pool: Pool, socket: WebSocket, { bootId, paused }: Badge): void {
  if (bootId === null) return;
  pool.sockets.send(socket, paused ? { type: "drain", reason: DRAINING } : { type: "resume" });
}

function withdrawFrom(pool: Pool, agentId: string, state: "paused" | "revoked", now: number): void {
  inTurn(pool, now, (turn) => {
    for (const job of turn.store.queue.leasedBy(agentId)) {
      const withdrawn = withdrawJob(job, state, now);
      if (apply(turn, job, withdrawn)) turn.taken.push({ job, reason: withdrawn?.error?.message ?? "" });
    }
  });
}
