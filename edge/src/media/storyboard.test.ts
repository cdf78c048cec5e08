import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StoryboardRecipe } from "#protocol";
import { storyboardLayout, storyboardText } from "./storyboard.ts";
import { anyFrames, evenFrames, planOf } from "./testing/plans.ts";

const sheet = (at: number) => `storyboard-${at}.jpg`;

test.each([
  { seconds: 3, interval: 4, tiles: 1, columns: 1, rows: 1 },
  { seconds: 60, interval: 4, tiles: 15, columns: 10, rows: 2 },
  { seconds: 400, interval: 4, tiles: 100, columns: 10, rows: 10 },
  { seconds: 3_600, interval: 36, tiles: 100, columns: 10, rows: 10 },
])("$seconds s have a picture each $interval s", ({ seconds, ...layout }) => {
  const plan = planOf(evenFrames(seconds));
  expect(storyboardLayout(plan)).toEqual({ ...layout, width: 160, height: 90, sheets: 1 });
});

test("an upright film has upright pictures, and no shape makes them higher", () => {
  const rung = { name: "480", mode: "encode" as const, ceiling: 1 };
  const upright = planOf(evenFrames(20), { rungs: [{ ...rung, width: 480, height: 854 }] });
  expect(storyboardLayout(upright)).toMatchObject({ width: 160, height: 284 });
  const tower = planOf(evenFrames(20), { rungs: [{ ...rung, width: 100, height: 4_000 }] });
  expect(storyboardLayout(tower)).toMatchObject({ width: 8, height: 284 });
});

test("the text of a short film", () => {
  expect(storyboardText(planOf(evenFrames(50)), sheet)).toMatch(
    /^WEBVTT\n\n00:00:00\.000 --> 00:00:04\.000\nstoryboard-0\.jpg#xywh=0,0,160,90\n\n00:00:04\.000 /,
  );
  const text = storyboardText(planOf(evenFrames(3_700)), sheet);
  expect(text.trimEnd().split("\n").slice(-2)).toEqual([
    "01:01:03.000 --> 01:01:40.000",
    "storyboard-0.jpg#xywh=1440,810,160,90",
  ]);
});

test("cues follow one another from the start of the timeline to its end, each within its sheet", () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const plan = planOf(frames);
      const layout = storyboardLayout(plan);
      StoryboardRecipe.parse({
        kind: "storyboard",
        video: [{ input: "v", init: [0, 1], ranges: [[1, 1]] }],
        ...layout,
      });
      const cues = [...storyboardText(plan, sheet).matchAll(/^(\S+) --> (\S+)\n(.*)#xywh=(\d+),(\d+),/gm)];
      expect(cues.length).toBe(layout.tiles);
      let last = "00:00:00.000";
      for (const [, from, until = "", address, x, y] of cues) {
        expect(from).toBe(last);
        last = until;
        expect(address).toBe("storyboard-0.jpg");
        expect(Number(x)).toBeLessThan(layout.columns * layout.width);
        expect(Number(y)).toBeLessThan(layout.rows * layout.height);
      }
      expect(new Set(cues.map(([, , , , x, y]) => `${x},${y}`)).size).toBe(layout.tiles);
    }),
  );
});
