/**
 * What is pinned to an agent's socket, and so survives the object's sleep: who it is, and its seat. Link
 * liveness is told by its pings, on the real clock, never by a job's lease.
 */
import type { JobKind, Slots } from "#protocol";
import { SECOND } from "../../config.ts";
import { NO_SLOTS, type Seat } from "../ledger/ledger-types.ts";

/** Of an agent nobody has given one; higher goes first, 0 … 9. */
export const DEFAULT_TIER = 5;
/** An agent pings every 20 s; three missed and its link counts as dead. */
const SILENT_MS = 65 * SECOND;

export interface Badge {
  agentId: string;
  /** Origin under which the agent reached us: relay addresses must lead there. */
  origin: string;
  /** Null before its hello. */
  bootId: string | null;
  kinds: JobKind[];
  capacity: Slots;
  free: Slots;
  /** Until when it gets none of a kind. */
  drained: Partial<Record<JobKind, number>>;
  speed: Partial<Record<JobKind, number>>;
  /** As the operator has set it, 0 … 9: higher goes first. */
  tier: number;
  /** Gets nothing until the operator says otherwise: paused or draining. */
  paused: boolean;
  /** Its key is no good any more: nothing it says counts. */
  revoked: boolean;
  /** It is to go to another pool and gets nothing here; told to once it holds nothing, and `again` if it stays. */
  moving: { to: string; toldAt: number | null; again?: number } | null;
  /** Jobs done that are not written down yet. */
  done: number;
  /** Why it takes nothing although it could, in its own words. */
  resting: string | null;
  connectedAt: number;
  /** Of the last frame. */
  seenAt: number;
}

export function newBadge(agentId: string, origin: string, now: number): Badge {
  return {
    agentId,
    origin,
    bootId: null,
    kinds: [],
    capacity: NO_SLOTS,
    free: NO_SLOTS,
    drained: {},
    speed: {},
    tier: DEFAULT_TIER,
    paused: false,
    revoked: false,
    moving: null,
    done: 0,
    resting: null,
    connectedAt: now,
    seenAt: now,
  };
}

export function seatOf(badge: Badge, now: number): Seat {
  const drained = badge.kinds.filter((kind) => (badge.drained[kind] ?? 0) > now);
  return { ...badge, free: { ...badge.free }, drained };
}

export function countSlots({ gpu, cpu, io }: Slots): number {
  return gpu + cpu + io;
}

/** Slots that are free if it says `said` and holds leases on `held`: a grant may have crossed its word. */
export function freeSlots(capacity: Slots, said: Slots, held: Slots): Slots {
  const free = (slot: keyof Slots) => Math.max(0, Math.min(said[slot], capacity[slot] - held[slot]));
  return { gpu: free("gpu"), cpu: free("cpu"), io: free("io") };
}

export function isSilent(badge: Badge, lastPing: number, realNow: number): boolean {
  return realNow - Math.max(badge.seenAt, lastPing) > SILENT_MS;
}
