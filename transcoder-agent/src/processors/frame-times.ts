/**
 * The frame index of a film, gathered packet by packet without decoding: when each frame is shown, and at
 * which keyframes one may cut. Pure but for what it has gathered; sixteen bytes a frame. Used by the inspection.
 */
import { JobError } from "../errors.ts";
import type { Packet } from "../ffmpeg/probe.ts";
import type { FrameIndex } from "../protocol.ts";

/** Frame gaps that differ by more than this part of the usual one (and 2 ticks) make a film uneven. */
const JITTER = 0.25;
const ROUNDING_TICKS = 2;
const FIRST_CAPACITY = 4_096;
/** Twelve hours of 120 frames a second; more is no film but an attack on our memory. */
const MAX_FRAMES = 5_200_000;

export interface FrameTimes {
  add(packet: Packet): void;
  /** The packet added last is no whole frame. */
  dropLast(): void;
  /** Null when no frame was seen. */
  build(timescale: number): BuiltTimes | null;
}

export interface BuiltTimes {
  index: FrameIndex & { variable: boolean };
  frames: number;
}

export function collectFrameTimes(): FrameTimes {
  let times = new Float64Array(FIRST_CAPACITY);
  let durations = new Float64Array(FIRST_CAPACITY);
  let count = 0;
  const keys: { time: number; earliestAfter: number }[] = [];
  let startsWithin = false;
  return {
    add(packet) {
      const time = packet.pts ?? packet.dts;
      if (time === null) return;
      if (packet.discard) {
        // A trimmed film may begin between two keyframes: the one before is there, only not shown.
        if (packet.key && count === 0) startsWithin = true;
        return;
      }
      if (count === MAX_FRAMES) throw new JobError("too_large", "The film has more frames than we count.");
      if (count === times.length) [times, durations] = [grow(times), grow(durations)];
      times[count] = time;
      durations[count++] = packet.duration;
      const key = keys.at(-1);
      if (packet.key) keys.push({ time, earliestAfter: Infinity });
      else if (key !== undefined) key.earliestAfter = Math.min(key.earliestAfter, time);
    },
    dropLast() {
      if (count > 0) count--;
      if (keys.at(-1)?.time === times[count]) keys.pop();
    },
    build(timescale) {
      // What stands before the first keyframe on the screen refers to pictures that are not there.
      const first = startsWithin ? -Infinity : (keys[0]?.time ?? -Infinity);
      const shown = times.slice(0, count).toSorted();
      const runs = runLengths(shown, first);
      if (runs.start === null) return null;
      const end = shown.at(-1) ?? runs.start;
      const lasting = durations[times.subarray(0, count).lastIndexOf(end)] ?? 0;
      const usual = usualDelta(runs.pairs) ?? Math.max(1, lasting);
      return {
        index: {
          timescale,
          start: runs.start,
          end: end + (lasting > 0 ? lasting : usual),
          runs: runs.pairs,
          keyframes: keys.filter((key) => key.earliestAfter >= key.time).map((key) => key.time),
          variable: isVariable(runs.pairs, usual),
        },
        frames: 1 + runs.pairs.reduce((sum, [, many]) => sum + many, 0),
      };
    },
  };
}

function grow(times: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(times.length * 2);
  larger.set(times);
  return larger;
}

/** Sorted times as `[delta, count]`; equal times are one frame. */
function runLengths(sorted: Float64Array, from: number): { start: number | null; pairs: [number, number][] } {
  const pairs: [number, number][] = [];
  let start: number | null = null;
  let before = 0;
  for (const time of sorted) {
    if (time < from || (start !== null && time === before)) continue;
    if (start === null) start = time;
    else {
      const run = pairs.at(-1);
      if (run !== undefined && run[0] === time - before) run[1]++;
      else pairs.push([time - before, 1]);
    }
    before = time;
  }
  return { start, pairs };
}

/** The median distance between two frames. */
function usualDelta(pairs: readonly [number, number][]): number | null {
  const total = pairs.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [delta, count] of pairs.toSorted((a, b) => a[0] - b[0])) {
    seen += count;
    if (seen * 2 >= total) return delta;
  }
  return null;
}

function isVariable(pairs: readonly [number, number][], usual: number): boolean {
  const slack = Math.max(ROUNDING_TICKS, usual * JITTER);
  return pairs.some(([delta]) => Math.abs(delta - usual) > slack);
}
