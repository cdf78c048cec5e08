/** An agent and the queue as the API tells them, pure: the catalogue's row and the coordinator's sight put together. */
import type { ResourceClass } from "#protocol";
import type { AgentRow } from "../catalog/agents.ts";
import type { AgentSight, QueueSight } from "../coordinator/admin/fleet-sight.ts";
import type { HeldJob } from "../coordinator/admin/view-store.ts";
import { iso } from "./times.ts";
import type { AgentInPool } from "./together.ts";

export type AgentViewState = "online" | "offline" | "paused" | "draining" | "resting" | "revoked";
type SlotCounts = Record<ResourceClass, number>;

/** A job that it holds now. */
export interface HeldView {
  id: string;
  file: string;
  kind: string;
  part: string;
  slot: ResourceClass;
  fraction: number;
  started_at: string | null;
}

export interface AgentView {
  id: string;
  label: string;
  tier: number;
  state: AgentViewState;
  reason: string | null;
  version: string | null;
  platform: string | null;
  ffmpeg: string | null;
  sandbox: string | null;
  encoders: string[];
  cores: number | null;
  memory_bytes: number | null;
  slots: SlotCounts;
  free: SlotCounts;
  jobs: HeldView[];
  /** Cost units (seconds of picture or sound) per second, by kind. */
  speed: Record<string, number>;
  done: number;
  losses: number;
  /** Where it is connected; where it is not, its home. */
  pool: string;
  /** Where it is let in when it comes anew. */
  home: string;
  created_at: string;
  /** Null while it has no link. */
  connected_at: string | null;
  seen_at: string | null;
}

export interface QueueView {
  ready: number;
  leased: number;
  committing: number;
  retry_wait: number;
  blocked: number;
  dead: number;
  oldest_wait_s: number | null;
  starving: number;
}

const NO_SLOTS: SlotCounts = { gpu: 0, cpu: 0, io: 0 };

export function agentView(row: AgentRow, seen: AgentInPool | undefined): AgentView {
  const { id, label, tier } = row;
  const pool = seen === undefined || seen.connectedAt === null ? row.pool : seen.pool;
  return {
    ...{ id, label, tier, state: stateOf(row, seen), reason: reasonOf(row, seen) },
    version: seen?.version ?? null,
    platform: seen?.platform ?? null,
    ffmpeg: seen?.ffmpeg ?? null,
    sandbox: seen?.sandbox ?? null,
    encoders: seen?.encoders ?? [],
    cores: seen?.cores ?? null,
    memory_bytes: seen?.memoryBytes ?? null,
    slots: seen?.slots ?? NO_SLOTS,
    free: seen?.free ?? NO_SLOTS,
    jobs: (seen?.jobs ?? []).map(heldView),
    speed: seen?.speed ?? {},
    ...{ done: seen?.done ?? 0, losses: seen?.losses ?? 0, pool, home: row.pool },
    created_at: new Date(row.createdAt).toISOString(),
    connected_at: iso(seen?.connectedAt),
    seen_at: iso(seen?.seenAt),
  };
}

function heldView({ id, fileId: file, kind, part, slot, fraction, startedAt }: HeldJob): HeldView {
  return { id, file, kind, part, slot, fraction, started_at: iso(startedAt) };
}

/** The first that holds. */
export function stateOf(
  { revokedAt, state }: Pick<AgentRow, "revokedAt" | "state">,
  seen: Pick<AgentSight, "connectedAt" | "resting"> | undefined,
): AgentViewState {
  if (revokedAt !== null) return "revoked";
  if (state !== "active") return state;
  if (!seen || seen.connectedAt === null) return "offline";
  return seen.resting === null ? "online" : "resting";
}

function reasonOf(row: AgentRow, seen: AgentSight | undefined): string | null {
  if (row.revokedAt !== null) return null;
  if (seen?.connectedAt === null) return seen.refusal;
  return seen?.resting ?? null;
}

export function queueView({ counts, oldest, starving }: QueueSight, now: number): QueueView {
  const { ready = 0, leased = 0, committing = 0, retry_wait = 0, blocked = 0, dead = 0 } = counts;
  const oldest_wait_s = oldest === null ? null : Math.max(0, Math.round((now - oldest) / 1_000));
  return { ready, leased, committing, retry_wait, blocked, dead, oldest_wait_s, starving };
}
