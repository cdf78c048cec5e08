/**
 * The first segment of a film from its first packets, before anybody knows the rest. Pure; used by the
 * inspection. The boundary is the one that the plan will find in the whole index.
 */
import { LONGEST_COPIED_SECONDS, SEGMENT_SECONDS, type FrameIndex } from "../protocol.ts";

/** Seconds of packets that are read. A film that stands still for longer at its beginning is read whole. */
export const HEAD_SECONDS = 10;
/** Frames this far behind the boundary, in seconds, show that no earlier one follows and that no tail is left. */
const BEYOND_SECONDS = 2;

export interface Head {
  timescale: number;
  /** Ticks: the first frame, and the one that begins the second segment. */
  start: number;
  boundary: number;
  /** The one that begins it where packets are to be copied; null where no usable keyframe is close enough. */
  keyframe: number | null;
}

/** `index` covers the beginning only. */
export function findHead(index: FrameIndex): Head | null {
  const { timescale, start } = index;
  const boundary = findBoundary(index);
  return boundary === null ? null : { timescale, start, boundary, keyframe: findKeyframe(index) };
}

/** The first frame at least a segment after the start, where enough follows it. */
function findBoundary({ timescale, start, runs }: FrameIndex): number | null {
  const earliest = start + SEGMENT_SECONDS * timescale;
  let at = start;
  let boundary: number | null = null;
  for (const [delta, count] of runs) {
    const steps: number = boundary === null ? Math.max(1, Math.ceil((earliest - at) / delta)) : count + 1;
    if (steps <= count) boundary = at + steps * delta;
    at += delta * count;
  }
  return boundary !== null && at >= boundary + BEYOND_SECONDS * timescale ? boundary : null;
}

/** The same of usable keyframes, of which the first frame must be one. */
function findKeyframe({ timescale, start, end, keyframes }: FrameIndex): number | null {
  if (keyframes[0] !== start) return null;
  const [earliest, latest] = [
    start + SEGMENT_SECONDS * timescale,
    start + LONGEST_COPIED_SECONDS * timescale,
  ];
  const found = keyframes.find((time) => time >= earliest && time <= latest);
  return found !== undefined && end >= found + BEYOND_SECONDS * timescale ? found : null;
}
