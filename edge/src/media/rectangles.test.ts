import * as fc from "fast-check";
import { expect, test } from "vitest";
import { audioRecipe, videoRecipe } from "./recipes.ts";
import { AudioTrackRecipe, PART_BYTES, VideoRecipe } from "#protocol";
import type { Plan } from "./plan.ts";
import {
  countSegments,
  headRectangle,
  isCopyOnly,
  isHead,
  planAudio,
  planRectangles,
  type Rectangle,
} from "./rectangles.ts";
import { storyboardLayout } from "./storyboard.ts";
import { anyFrames, COPYABLE_PLAN, evenFrames, planOf, TIMESCALE, TRACK } from "./testing/plans.ts";

const cut = (seconds: number) =>
  planRectangles(planOf(evenFrames(seconds))).map(
    ({ rungs, segments }) => `${rungs.join("+")} ${segments.join("-")}`,
  );

test("the lowest rung begins alone, then its fellows, then all in lengths that double to a minute and shrink at the end", () => {
  expect(cut(20)).toEqual([
    "480 0-1",
    "720+1080 0-1",
    "480+720+1080 1-3",
    "480+720+1080 3-4",
    "480+720+1080 4-5",
  ]);
  expect(cut(300).map((text) => text.split(" ")[1])).toEqual([
    "0-1",
    "0-1",
    "1-3",
    "3-7",
    "7-15",
    "15-30",
    "30-45",
    "45-57",
    "57-64",
    "64-68",
    "68-71",
    "71-73",
    "73-74",
    "74-75",
  ]);
  expect(cut(3)).toEqual(["480 0-1", "720+1080 0-1"]);
});

test("a copied rung begins, alone, and has rectangles of its own that go before the encoded ones", () => {
  const plan = planOf(evenFrames(20), COPYABLE_PLAN);
  const rectangles = planRectangles(plan);
  expect(rectangles.map(({ part }) => part)).toEqual(["1080.0-1", "480_720.0-2", "1080.1-5", "480_720.2-5"]);
  expect(rectangles.map(({ rungs }) => isCopyOnly(plan, rungs))).toEqual([true, false, true, false]);
  expect(headRectangle(plan)).toEqual(rectangles[0]);
});

/** How often each segment of each rung is made. */
function coverOf(rectangles: readonly Pick<Rectangle, "rungs" | "segments">[]): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { rungs, segments } of rectangles) {
    for (const rung of rungs) {
      for (let at = segments[0]; at < segments[1]; at++)
        seen.set(`${rung}/${at}`, (seen.get(`${rung}/${at}`) ?? 0) + 1);
    }
  }
  return seen;
}

const anyPlan = fc
  .tuple(anyFrames, fc.boolean())
  .map(([frames, copied]) => planOf(frames, copied ? COPYABLE_PLAN : {}));

test("every segment of every rung is in exactly one rectangle, the head is first, and none is longer than a minute", () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      const rectangles = planRectangles(plan);
      const seen = coverOf(rectangles);
      for (const { segments } of rectangles) expect(secondsOf(plan, segments)).toBeLessThanOrEqual(60);
      expect(seen.size).toBe(plan.rungs.length * countSegments(plan));
      expect([...seen.values()].every((times) => times === 1)).toBe(true);
      expect(new Set(rectangles.map(({ part }) => part)).size).toBe(rectangles.length);
      const heads = rectangles.filter(isHead);
      expect(rectangles.slice(0, heads.length)).toEqual(heads);
      expect(heads[0]).toEqual(headRectangle(plan));
      const starts = rectangles.map(({ segments }) => segments[0]);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }),
  );
});

/** A segment alone may be longer: a screen that stands still has no frame to cut at. */
function secondsOf(plan: Plan, [from, until]: readonly [number, number]): number {
  if (until - from === 1) return 0;
  return ((plan.boundaries[until] ?? NaN) - (plan.boundaries[from] ?? NaN)) / TIMESCALE;
}

test.each([
  { of: "three encoded rungs", changes: {} },
  { of: "two encoded rungs and a copied one", changes: COPYABLE_PLAN },
])("ten minutes of $of and sound cost at most 80 writes to the storage (B13)", ({ changes }) => {
  const plan = planOf(evenFrames(600), changes);
  const video = planRectangles(plan).reduce((sum, { rungs }) => sum + rungs.length, 0);
  const upload = 1;
  // The index, poster and thumbnail of the inspection.
  const inspection = 3;
  const sheets = storyboardLayout(plan).sheets;
  // An mp4 above 64 MiB goes up in parts of 32 MiB, of which ten minutes at the highest ceiling fill twelve.
  const parts = Math.ceil((600 * (5_000_000 + 160_000)) / 8 / PART_BYTES);
  const mp4 = 2 + parts;
  const embed = 1;
  expect(upload + inspection + video + planAudio(plan).length + sheets + mp4 + embed).toBeLessThanOrEqual(80);
});

test("sound is cut into a short stretch and then stretches of two minutes, each segment once", () => {
  const plan = planOf(evenFrames(300), { tracks: [TRACK, { ...TRACK, name: "audio-1", stream: 2 }] });
  const first = planAudio(plan).filter(({ track }) => track === "audio-0");
  expect(first.map(({ segments }) => segments)).toEqual([
    [0, 4],
    [4, 34],
    [34, 64],
    [64, 75],
  ]);
  expect(
    planAudio(plan)
      .slice(0, 2)
      .map(({ track }) => track),
  ).toEqual(["audio-0", "audio-1"]);
  expect(planAudio(planOf(evenFrames(30))).map(({ segments }) => segments)).toEqual([[0, 8]]);
});

test("recipes pass the wire, partition the timeline and leave only the film's end open", () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const plan = planOf(frames);
      const video = planRectangles(plan).map((each) => VideoRecipe.parse(videoRecipe(plan, each)));
      const audio = planAudio(plan).map((each) => AudioTrackRecipe.parse(audioRecipe(plan, each)));
      for (const recipe of [...video, ...audio]) {
        const [from, until] = recipe.segments;
        expect(recipe.boundaries.length).toBe(until - from + 1);
        expect(recipe.boundaries.slice(0, -1)).not.toContain(null);
        expect(recipe.boundaries.at(-1) === null).toBe(until === countSegments(plan));
      }
      expect(audio[0]?.boundaries[0]).toBe(plan.origin);
    }),
  );
});
