import { expect, test } from "vitest";
import type { AudioTrackRecipe } from "../protocol.ts";
import { PACKET_SAMPLES, planStretch } from "./audio-grid.ts";

const RECIPE: AudioTrackRecipe = {
  kind: "audio",
  purpose: "track",
  plan: "plan",
  timescale: 1_000,
  origin: 500,
  segments: [3, 5],
  boundaries: [60_500, 64_500, 68_500],
  name: "audio-0",
  stream: 1,
  mode: "encode",
  remux: null,
  sampleRate: 48_000,
};

test("a stretch lies on the grid, with pre-roll before and the window's reach behind", () => {
  const grid = planStretch(RECIPE);
  expect(grid.first % PACKET_SAMPLES).toBe(0);
  // 60 s on the timeline is sample 2 880 000: the packet at 2 880 512 is the first of the stretch.
  expect((2_880_512 - grid.first) / PACKET_SAMPLES).toBe(17);
  expect(grid.end).toBe(3_264_512 + 4 * PACKET_SAMPLES);
  expect(grid.edgesAt(48_000)).toEqual([2_880_000, 3_072_000, 3_264_000]);
  expect(grid.readFrom).toBeCloseTo(60.5 - 17 * (1_024 / 48_000) - 1, 1);
  expect(grid.copyUntil).toBe(69.5);
});

test("the first stretch reads from the beginning, the last one to the end", () => {
  const grid = planStretch({ ...RECIPE, segments: [0, 2], boundaries: [500, 4_500, null] });
  expect(grid).toMatchObject({ first: -17 * PACKET_SAMPLES, end: null, readFrom: null, copyUntil: null });
  expect(grid.atLeast).toBeGreaterThan(4 * 48_000);
});
