/**
 * Where a video is cut: at real frames only. A bare grid of 4 s has cells without a frame wherever a screen
 * recording stands still, and the playlist then grows longer than the clip. Used by `build-plan.ts`.
 */
import type { FrameIndex } from "#protocol";

/** A segment lasts at least this long, in seconds, except the last. */
export const SEGMENT_SECONDS = 4;
/** A last segment shorter than this joins the one before it, in seconds. */
const SHORTEST_TAIL_SECONDS = 1;
/** About 44 hours. A file that claims more lies, or is left to its original. */
const MAX_SEGMENTS = 40_000;

/** Source ticks, one more than there are segments; the last is the end of the last frame. Null: no frames, or too many. */
export function findBoundaries(index: FrameIndex): number[] | null {
  if (index.end <= index.start) return null;
  const least = SEGMENT_SECONDS * index.timescale;
  const boundaries = [index.start];
  let last = index.start;
  let at = index.start;
  for (const [delta, count] of index.runs) {
    const until = at + delta * count;
    // Frames of a broken file may stand still or go back; no boundary can lie there.
    const reach = delta > 0 ? until : -Infinity;
    while (last + least <= reach) {
      const steps = Math.max(1, Math.ceil((last + least - at) / delta));
      at += steps * delta;
      last = at;
      if (last < index.end) boundaries.push(last);
      if (boundaries.length > MAX_SEGMENTS) return null;
    }
    at = until;
  }
  const tail = index.end - (boundaries.at(-1) ?? index.start);
  if (boundaries.length > 1 && tail < SHORTEST_TAIL_SECONDS * index.timescale) boundaries.pop();
  return [...boundaries, index.end];
}

/** How many frames the index lists. */
export function countFrames(index: FrameIndex): number {
  return index.runs.reduce((sum, [, count]) => sum + count, 1);
}
