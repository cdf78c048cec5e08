/**
 * Where a video is cut: at real frames only. A bare grid of 4 s has cells without a frame wherever a screen
 * recording stands still, and the playlist then grows longer than the clip. Where a rung is copied, only
 * usable keyframes will do. Used by `build-plan.ts`.
 */
import { LONGEST_COPIED_SECONDS, SEGMENT_SECONDS, type FrameIndex } from "#protocol";

/** A last segment shorter than this joins the one before it, in seconds. */
const SHORTEST_TAIL_SECONDS = 1;
/** As far apart as encoders set keyframes when nobody asks for fewer. */
const LONGEST_PREROLL_SECONDS = 10;
/** About 44 hours. A file that claims more lies, or is left to its original. */
const MAX_SEGMENTS = 40_000;

/**
 * Source ticks, one more than there are segments; the last is the end of the last frame. Null: no frames, or
 * too many. `head`: the end of segment 0, where that was decided before the index was there.
 */
export function findBoundaries(index: FrameIndex, head: number | null = null): number[] | null {
  if (index.end <= index.start) return null;
  if (head !== null && head >= index.end) return [index.start, index.end];
  const fixed = head === null ? [index.start] : [index.start, head];
  const boundaries = [...fixed];
  const least = SEGMENT_SECONDS * index.timescale;
  let last = boundaries.at(-1) ?? index.start;
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
  if (boundaries.length > fixed.length && tail < SHORTEST_TAIL_SECONDS * index.timescale) boundaries.pop();
  return [...boundaries, index.end];
}

/**
 * The same of usable keyframes, which must rise from the first frame on: the first one at or after the previous
 * boundary + 4 s, or the last one before that where the first is more than 8 s away.
 */
export function findKeyframeBoundaries(index: FrameIndex): number[] | null {
  const { keyframes, timescale, start, end } = index;
  if (end <= start) return null;
  const least = SEGMENT_SECONDS * timescale;
  const most = LONGEST_COPIED_SECONDS * timescale;
  const boundaries = [start];
  let last = start;
  let before = start;
  for (const time of keyframes) {
    if (time >= end || boundaries.length > MAX_SEGMENTS) break;
    if (time > last + most && before > last) {
      boundaries.push(before);
      last = before;
    }
    if (time >= last + least) {
      boundaries.push(time);
      last = time;
    }
    before = time;
  }
  if (end > last + most && before > last) boundaries.push(before);
  if (boundaries.length > MAX_SEGMENTS) return null;
  return [...withoutTail(boundaries, index, most), end];
}

/**
 * Ticks from the last usable keyframe to each boundary but the end: what must be decoded before it and is thrown away.
 * Null where none is near: others that the index does not list may be nearer, and a seek finds those.
 */
export function findPrerolls(index: FrameIndex, boundaries: readonly number[]): (number | null)[] {
  const { keyframes, timescale } = index;
  let next = 0;
  return boundaries.slice(0, -1).map((boundary) => {
    while ((keyframes[next] ?? Infinity) <= boundary) next += 1;
    const preroll = boundary - (keyframes[next - 1] ?? -Infinity);
    return preroll <= LONGEST_PREROLL_SECONDS * timescale ? preroll : null;
  });
}

/** A rest of less than a second joins the segment before, unless that grew too long by it. */
function withoutTail(boundaries: number[], { end, timescale }: FrameIndex, most: number): number[] {
  const [previous, last] = [boundaries.at(-2), boundaries.at(-1)];
  if (previous === undefined || last === undefined) return boundaries;
  const joins = end - last < SHORTEST_TAIL_SECONDS * timescale && end - previous <= most;
  return joins ? boundaries.slice(0, -1) : boundaries;
}

/** Whether the index lists a frame at that time. */
export function hasFrameAt(index: FrameIndex, time: number): boolean {
  let at = index.start;
  if (time === at) return true;
  for (const [delta, count] of index.runs) {
    const steps = delta > 0 ? (time - at) / delta : Number.NaN;
    if (steps > 0 && steps <= count && Number.isInteger(steps)) return true;
    at += delta * count;
  }
  return false;
}

/** How many frames the index lists. */
export function countFrames(index: FrameIndex): number {
  return index.runs.reduce((sum, [, count]) => sum + count, 1);
}
