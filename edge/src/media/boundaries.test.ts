import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countFrames, findBoundaries } from "./boundaries.ts";
import { anyFrames, evenFrames, type Frames, indexOf, TIMESCALE } from "./testing/plans.ts";

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
