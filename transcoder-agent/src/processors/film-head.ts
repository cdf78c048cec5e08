/**
 * The first segment of a film from its first packets, before anybody knows the rest. Pure; used by the
 * inspection. The boundary is the one that the plan will find in the whole index.
 */
import type { FrameIndex } from "../protocol.ts";

/** Seconds of packets that are read. A film that stands still for longer at its beginning is read whole. */
export const HEAD_SECONDS = 10;
/** A segment lasts at least this long, in seconds: the plan's own rule. */
const SEGMENT_SECONDS = 4;
/** Frames this far behind the boundary, in seconds, show that no earlier one follows and that no tail is left. */
const BEYOND_SECONDS = 2;

export interface Head {
  timescale: number;
  /** Ticks: the first frame, and the one that begins the second segment. */
  start: number;
  boundary: number;
}

/** `index` covers the beginning only. */
export function findHead({ timescale, start, runs }: FrameIndex): Head | null {
  const earliest = start + SEGMENT_SECONDS * timescale;
  let at = start;
  let boundary: number | null = null;
  for (const [delta, count] of runs) {
    const steps: number = boundary === null ? Math.max(1, Math.ceil((earliest - at) / delta)) : count + 1;
    if (steps <= count) boundary = at + steps * delta;
    at += delta * count;
  }
  if (boundary === null || at < boundary + BEYOND_SECONDS * timescale) return null;
  return { timescale, start, boundary };
}
