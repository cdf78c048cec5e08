import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  countFrames,
  findBoundaries,
  findKeyframeBoundaries,
  findPrerolls,
  hasFrameAt,
} from "./boundaries.ts";
import { anyFrames, anyKeyedFrames, evenFrames, type Frames, indexOf, TIMESCALE } from "./testing/plans.ts";

/** The rule written the slow way: look at every frame. */
function slowly({ times, end }: Frames): number[] {
  const boundaries = [times[0] ?? 0];
  for (const time of times) if (time >= (boundaries.at(-1) ?? 0) + 4 * TIMESCALE) boundaries.push(time);
  if (boundaries.length > 1 && end - (boundaries.at(-1) ?? 0) < TIMESCALE) boundaries.pop();
  return [...boundaries, end];
}

test("boundaries are the first frames at or after the previous one plus four seconds", () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      expect(findBoundaries(indexOf(frames))).toEqual(slowly(frames));
      expect(countFrames(indexOf(frames))).toBe(frames.times.length);
    }),
  );
});

test("every frame lies in exactly one segment", () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const boundaries = findBoundaries(indexOf(frames)) ?? [];
      const starts = boundaries.slice(0, -1);
      const held = starts.map(
        (from, at) => frames.times.filter((time) => time >= from && time < (boundaries[at + 1] ?? 0)).length,
      );
      expect(held.every((count) => count > 0)).toBe(true);
      expect(held.reduce((sum, count) => sum + count, 0)).toBe(frames.times.length);
    }),
  );
});

test("a rest of less than a second joins the segment before it", () => {
  const exact = evenFrames(8);
  const little = { times: [...exact.times, 8_000], end: 8_040 };
  expect(findBoundaries(indexOf(little))).toEqual([0, 4_000, 8_040]);
});

test("one frame is one segment, no frame is none", () => {
  expect(findBoundaries(indexOf({ times: [40], end: 80 }))).toEqual([40, 80]);
  expect(findBoundaries(indexOf({ times: [40], end: 40 }))).toBeNull();
});

test("frame times that stand still or go back, as broken files have them, end in a plan all the same", () => {
  const index = {
    timescale: 10,
    start: 0,
    end: 500,
    runs: [
      [0, 9],
      [-5, 4],
      [40, 12],
    ] as [number, number][],
  };
  const boundaries = findBoundaries({ ...index, keyframes: [] }) ?? [];
  expect(boundaries).toEqual([...boundaries].sort((a, b) => a - b));
  expect([boundaries[0], boundaries.at(-1)]).toEqual([0, 500]);
});

test("a file that claims four billion segments gets no plan, and no memory", () => {
  const runs: [number, number][] = [[5, 4_000_000_000]];
  expect(findBoundaries({ timescale: 1, start: 0, end: 20_000_000_000, runs, keyframes: [] })).toBeNull();
});

test("copied films are cut at usable keyframes: after four seconds, but before eight where one is nearer", () => {
  const cut = (keyframes: number[], end = 20_000) =>
    findKeyframeBoundaries({ ...indexOf(evenFrames(end / 1_000)), end, keyframes });
  expect(cut([0, 1_000, 4_000, 8_000, 12_000, 19_500], 20_040)).toEqual([
    0, 4_000, 8_000, 12_000, 19_500, 20_040,
  ]);
  expect(cut([0, 3_000, 9_000, 15_000, 17_000])).toEqual([0, 3_000, 9_000, 15_000, 20_000]);
  expect(cut([0, 4_000, 7_500, 12_000, 16_000, 19_500])).toEqual([0, 4_000, 12_000, 16_000, 20_000]);
  // The film's end counts as a keyframe would.
  expect(cut([0, 3_000], 10_000)).toEqual([0, 3_000, 10_000]);
  expect(cut([0], 3_000)).toEqual([0, 3_000]);
});

test("whatever the keyframes, boundaries rise, are among them, and exceed eight seconds only between two of them", () => {
  fc.assert(
    fc.property(anyKeyedFrames, (index) => {
      const boundaries = findKeyframeBoundaries(index) ?? [];
      expect(boundaries).toEqual([...new Set(boundaries)].sort((a, b) => a - b));
      expect([boundaries[0], boundaries.at(-1)]).toEqual([index.start, index.end]);
      for (const boundary of boundaries.slice(0, -1)) {
        expect(index.keyframes).toContain(boundary);
        expect(hasFrameAt(index, boundary)).toBe(true);
      }
      for (const [at, from] of boundaries.slice(0, -1).entries()) {
        const until = boundaries[at + 1] ?? 0;
        const within = index.keyframes.filter((time) => time > from && time < until);
        if (until - from > 8 * TIMESCALE) expect(within).toEqual([]);
        expect(within.filter((time) => time >= from + 4 * TIMESCALE && until < index.end)).toEqual([]);
      }
    }),
  );
});

test("an end of the first segment that was decided earlier is kept, and the rest follows from it", () => {
  fc.assert(
    fc.property(anyFrames, fc.nat(), (frames, pick) => {
      const index = indexOf(frames);
      const head = frames.times[1 + (pick % Math.max(1, frames.times.length - 1))] ?? frames.end;
      const boundaries = findBoundaries(index, head) ?? [];
      expect(boundaries.slice(0, 2)).toEqual([index.start, head]);
      expect(boundaries).toEqual([...new Set(boundaries)].sort((a, b) => a - b));
      expect(boundaries.slice(0, -1).every((time) => hasFrameAt(index, time))).toBe(true);
      expect(boundaries.at(-1)).toBe(frames.end);
    }),
  );
});

test("before each segment, what lies between it and the usable keyframe it can be decoded from", () => {
  const index = { ...indexOf(evenFrames(40)), keyframes: [0, 3_000, 8_000, 9_000, 12_500, 37_000] };
  expect(findPrerolls(index, [0, 4_000, 8_000, 12_000, 16_000, 40_000])).toEqual([0, 1_000, 0, 3_000, 3_500]);
  // A film of open groups has no usable one but the first, yet others to start from.
  expect(findPrerolls(index, [0, 20_000, 24_000, 36_000, 40_000])).toEqual([0, 7_500, null, null]);
  expect(findPrerolls({ ...index, keyframes: [] }, [0, 4_000])).toEqual([null]);
});
