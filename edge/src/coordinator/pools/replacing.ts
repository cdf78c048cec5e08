/**
 * One key is one process, in whichever pools it knocks: the newest link stays, and older ones are closed as an older
 * one of the same pool is. Pools of the configuration hear of it with each hello; what they did not hear, and links
 * to pools that get no new agents, the minute's sweep finds. With one pool nobody is asked. Jobs need none of this:
 * each is of one pool, and so is its lease. Called by `frame-hello.ts`, `coordinator.ts` and `sweep-pools.ts`.
 */
import { CLOSE_REPLACED } from "#protocol";
import { everywhere } from "../client.ts";
import type { Badge } from "../frames/badges.ts";
import { closeSocket } from "../frames/sockets.ts";
import { dispatch } from "../grants/dispatch.ts";
import { loseJob, releaseJob } from "../ledger/ledger.ts";
import { inTurn, log, type Pool } from "../pool.ts";
import { apply } from "../turns.ts";

const OPEN = 1;
/** What the older one says when it stops, in the close frame. */
const REPLACED = "replaced by a newer connection in another pool";

/** A greeted link; `bootId` tells one process from another. */
export interface AgentLink extends Pick<Badge, "agentId" | "bootId" | "connectedAt"> {
  pool: string;
}

export function linksOf({ name: pool, sockets }: Pool): AgentLink[] {
  return sockets.greeted().map((socket) => {
    const { agentId, bootId, connectedAt } = sockets.badge(socket);
    return { pool, agentId, bootId, connectedAt };
  });
}

/** After a hello here. */
export function replaceElsewhere(pool: Pool, { agentId, bootId, connectedAt }: Badge): void {
  const others = pool.config.pools.filter((name) => name !== pool.name);
  if (others.length === 0) return;
  const newer = { pool: pool.name, agentId, bootId, connectedAt };
  pool.later(everywhere(pool.env, others, (coordinator) => coordinator.giveWay(newer)));
}

/** The agent is in another pool now: its older links end, and what it held here goes to others at once. */
export async function giveWay(pool: Pool, newer: AgentLink, now: number): Promise<void> {
  const { agentId, bootId } = newer;
  const open = pool.sockets.ofAgent(agentId).filter(({ readyState }) => readyState === OPEN);
  const links = open.map((socket) => ({ socket, link: { ...pool.sockets.badge(socket), pool: pool.name } }));
  // It came back to this one meanwhile. Who has not said hello may be a link that was given up long ago.
  if (links.some(({ link }) => link.bootId !== null && isNewer(link, newer))) return;
  for (const { socket, link } of links) {
    if (isNewer(link, newer)) continue;
    closeSocket(socket, CLOSE_REPLACED, REPLACED);
    if (link.bootId !== bootId) {
      log(pool, "warn", "a key runs twice", { agent: agentId, elsewhere: newer.pool });
    }
  }
  const held = pool.store.queue.leasedBy(agentId);
  inTurn(pool, now, (turn) => {
    // As after a hello that does not name them.
    for (const job of held) {
      apply(turn, job, job.bootId === bootId ? releaseJob(job, now) : loseJob(job, now));
    }
    turn.store.absences.end(agentId);
  });
  if (held.length > 0) await dispatch(pool, now);
}

/** Links that have to give way, each with the newer one. Pure. */
export function doubles(links: readonly AgentLink[]): { older: AgentLink; newest: AgentLink }[] {
  return [...Map.groupBy(links, ({ agentId }) => agentId).values()].flatMap((own) => {
    const [newest, ...others] = own.toSorted((one, other) => (isNewer(one, other) ? -1 : 1));
    return newest ? others.map((older) => ({ older, newest })) : [];
  });
}

/** Of two that came at the same moment one has to be it, and all pools must agree which. */
function isNewer(one: AgentLink, other: AgentLink): boolean {
  return one.connectedAt === other.connectedAt ? one.pool < other.pool : one.connectedAt > other.connectedAt;
}
