/**
 * What the coordinators of several pools say, put together into one fleet, one queue and one list of jobs. Pure;
 * called by the functions of this room that ask all of them.
 */
import type { AgentSight, FleetSight, QueueSight } from "../coordinator/admin/fleet-sight.ts";
import type { JobPage } from "../coordinator/admin/view-store.ts";

/** An agent, and the pool that it is connected to or was last. */
export type AgentInPool = AgentSight & { pool: string };

export interface WholeFleet {
  agents: AgentInPool[];
  queue: QueueSight;
}

export function oneFleet(fleets: readonly (FleetSight & { pool: string })[]): WholeFleet {
  const seen = fleets.flatMap(({ pool, agents }) => agents.map((agent): AgentInPool => ({ ...agent, pool })));
  const agents = [...Map.groupBy(seen, ({ id }) => id).values()].map(oneAgent);
  return { agents, queue: oneQueue(fleets.map(({ queue }) => queue)) };
}

/** It stands as the pool says that it is connected to, or that heard of it last; what it did it did everywhere. */
function oneAgent(sights: readonly AgentInPool[]): AgentInPool {
  const [now, ...before] = sights.toSorted(
    (one, other) => (other.connectedAt ?? 0) - (one.connectedAt ?? 0) || other.seenAt - one.seenAt,
  );
  if (now === undefined) throw new Error("nobody is no agent");
  return {
    ...now,
    jobs: sights.flatMap(({ jobs }) => jobs),
    speed: Object.assign({}, ...before.map(({ speed }) => speed).toReversed(), now.speed),
    done: sights.reduce((sum, { done }) => sum + done, 0),
    losses: sights.reduce((sum, { losses }) => sum + losses, 0),
  };
}

function oneQueue(queues: readonly QueueSight[]): QueueSight {
  const counts: Record<string, number> = {};
  for (const queue of queues) {
    for (const [state, count] of Object.entries(queue.counts)) counts[state] = (counts[state] ?? 0) + count;
  }
  const waits = queues.map(({ oldest }) => oldest).filter((oldest) => oldest !== null);
  return {
    counts,
    oldest: waits.length === 0 ? null : Math.min(...waits),
    starving: queues.reduce((sum, { starving }) => sum + starving, 0),
  };
}

/** A cursor names a job of one pool; in another pool it stands for the same moment. */
export function cursorIn(pool: string, cursor: string | undefined): string | undefined {
  return cursor === undefined ? undefined : `${pool}.${timeOf(cursor)}`;
}

/**
 * Newest first over all pools. Each page is whole down to its `next`; the whole list is so down to the newest of
 * these, and what lies below it comes again with the next page.
 */
export function onePage(pages: readonly JobPage[]): JobPage {
  const ends = pages.map(({ next }) => next).filter((next) => next !== null);
  const [end = null] = ends.toSorted(newestFirst);
  const jobs = pages.flatMap((page) => page.jobs).toSorted((one, other) => newestFirst(one.id, other.id));
  return { jobs: end === null ? jobs : jobs.filter(({ id }) => newestFirst(id, end) <= 0), next: end };
}

function newestFirst(one: string, other: string): number {
  const [first, second] = [timeOf(one), timeOf(other)];
  return first === second ? 0 : first > second ? -1 : 1;
}

/** Ids are `<pool>.<ulid>`, and ulids sort by time. */
function timeOf(id: string): string {
  return id.slice(id.indexOf(".") + 1);
}
