/**
 * How the pool's agents and its queue stand now, for the operator's page and for metrics: records, sockets and
 * leases put together. Changes nothing and holds no secret.
 */
import type { JobKind, Slots } from "#protocol";
import type { AgentRecord } from "../store/agent-store.ts";
import { countSlots } from "../frames/badges.ts";
import { starvingOf } from "../figures/figures.ts";
import { slotsAtWork } from "../grants/schedule.ts";
import { NO_SLOTS } from "../ledger/ledger-types.ts";
import type { Pool } from "../pool.ts";
import type { HeldJob } from "./view-store.ts";

/** An agent as the coordinator knows it; what the operator calls it stands in the catalogue. */
export interface AgentSight {
  id: string;
  /** Null while it has no link. */
  connectedAt: number | null;
  seenAt: number;
  /** Why it takes nothing, in its own words. */
  resting: string | null;
  /** Why it was turned away, where it was not welcomed since. */
  refusal: string | null;
  version: string | null;
  platform: string | null;
  ffmpeg: string | null;
  sandbox: string | null;
  encoders: string[];
  cores: number | null;
  memoryBytes: number | null;
  slots: Slots;
  free: Slots;
  jobs: HeldJob[];
  /** Cost units per second, by kind. */
  speed: Partial<Record<JobKind, number>>;
  done: number;
  losses: number;
}

export interface QueueSight {
  /** Jobs by state; those that only ever grow are left out. */
  counts: Record<string, number>;
  /** Since when the oldest ready job waits; null: none does. */
  oldest: number | null;
  /** Ready jobs that no connected agent can do. */
  starving: number;
}

export interface FleetSight {
  agents: AgentSight[];
  queue: QueueSight;
}

const MOST_LISTED = 2_000;
const UNKNOWN = {
  ...{ resting: null, version: null, platform: null, ffmpeg: null, sandbox: null, encoders: [] },
  ...{ cores: null, memoryBytes: null, slots: NO_SLOTS, free: NO_SLOTS, jobs: [], speed: {} },
  ...{ done: 0, losses: 0, connectedAt: null },
};

export function fleetSight(pool: Pool, now: number): FleetSight {
  return { agents: agentSights(pool), queue: queueSight(pool, now) };
}

function agentSights(pool: Pool): AgentSight[] {
  const { agents, orders, views } = pool.store;
  const refusals = new Map(orders.refusals().map((refused) => [refused.agentId, refused]));
  const held = Map.groupBy(views.held(), ({ agentId }) => agentId);
  const known = agents.list(MOST_LISTED).map((record): AgentSight => {
    const { agentId: id, capabilities, version, speed, losses } = record;
    const { platform, ffmpeg, encoders, cores, memoryBytes } = capabilities;
    const refused = refusals.get(id);
    refusals.delete(id);
    return {
      ...{ id, version: refused?.version ?? version, platform, ffmpeg, encoders, cores, memoryBytes },
      ...{ sandbox: capabilities.sandbox ?? null, speed, losses },
      ...linkOf(pool, record, refused?.at ?? 0),
      refusal: refused?.message ?? null,
      jobs: held.get(id) ?? [],
    };
  });
  // Turned away at its first hello: nothing else is known of it.
  const strangers = [...refusals.values()].map(
    ({ agentId: id, message: refusal, version, at: seenAt }): AgentSight => ({
      ...{ ...UNKNOWN, id, refusal, version, seenAt },
    }),
  );
  return [...known, ...strangers];
}

type Link = Pick<AgentSight, "connectedAt" | "seenAt" | "resting" | "slots" | "free" | "done">;

function linkOf({ sockets }: Pool, { agentId, seenAt: before, done }: AgentRecord, refusedAt: number): Link {
  const seenAt = Math.max(before, refusedAt);
  const socket = sockets.find(agentId);
  if (!socket) return { connectedAt: null, seenAt, resting: null, slots: NO_SLOTS, free: NO_SLOTS, done };
  const { connectedAt, resting, capacity, free, paused, done: counted } = sockets.badge(socket);
  return {
    ...{ connectedAt, slots: slotsAtWork(capacity), seenAt: Math.max(seenAt, sockets.lastHeard(socket)) },
    done: done + counted,
    ...{ resting: countSlots(free) === 0 ? resting : null, free: paused ? NO_SLOTS : free },
  };
}

function queueSight(pool: Pool, now: number): QueueSight {
  const ready = pool.store.figures.ready();
  return {
    counts: pool.store.queue.countByState(),
    oldest: ready.length === 0 ? null : Math.min(...ready.map(({ oldest }) => oldest)),
    starving: starvingOf(pool, now, ready).reduce((sum, { count }) => sum + count, 0),
  };
}
