import * as fc from "fast-check";
import { expect, test } from "vitest";
import { audioRecipe, videoRecipe } from "./recipes.ts";
import { AudioTrackRecipe, VideoRecipe } from "#protocol";
import { countSegments, planAudio, planRectangles } from "./rectangles.ts";
import { anyFrames, evenFrames, planOf, TIMESCALE, TRACK } from "./testing/plans.ts";

const cut = (seconds: number) =>
  planRectangles(planOf(evenFrames(seconds))).map(
    ({ rungs, segments }) => `${rungs.join("+")} ${segments.join("-")}`,
  );

test("the lowest rung begins alone, then its fellows, then all in lengths that double to a minute", () => {
  expect(cut(20)).toEqual(["480 0-1", "720+1080 0-1", "480+720+1080 1-3", "480+720+1080 3-5"]);
  expect(cut(300).map((text) => text.split(" ")[1])).toEqual([
    "0-1",
    "0-1",
    "1-3",
    "3-7",
    "7-15",
    "15-30",
    "30-45",
    "45-60",
    "60-75",
  ]);
  expect(cut(3)).toEqual(["480 0-1", "720+1080 0-1"]);
});

test("every segment of every rung is in exactly one rectangle, and no rectangle is longer than a minute", () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const plan = planOf(frames);
      const rectangles = planRectangles(plan);
      const seen = new Map<string, number>();
      for (const {
        rungs,
        segments: [from, until],
      } of rectangles) {
        for (const rung of rungs) {
          for (let at = from; at < until; at++)
            seen.set(`${rung}/${at}`, (seen.get(`${rung}/${at}`) ?? 0) + 1);
        }
        const length = (plan.boundaries[until] ?? NaN) - (plan.boundaries[from] ?? NaN);
        expect(until - from === 1 || length <= 60 * TIMESCALE).toBe(true);
      }
      expect(seen.size).toBe(plan.rungs.length * countSegments(plan));
      expect([...seen.values()].every((times) => times === 1)).toBe(true);
      expect(new Set(rectangles.map(({ part }) => part)).size).toBe(rectangles.length);
    }),
  );
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
