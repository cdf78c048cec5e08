import { expect, test } from "vitest";
import type { VideoRecipe } from "#protocol";
import { costOf, piecesOf } from "./cost-model.ts";

const rung = (name: string, width: number, height: number) => ({
  ...{ name, mode: "encode" as const, width, height, ceiling: 1 },
});
const recipe: VideoRecipe = {
  ...{
    kind: "video",
    plan: "p",
    timescale: 1_000,
    origin: 0,
    segments: [2, 4],
    boundaries: [8_000, 12_000, null],
  },
  ...{ stream: 0, codec: "h264", rungs: [rung("480", 854, 480), rung("720", 1280, 720)] },
  traits: { remux: null, interlaced: false, anamorphic: false, transfer: "sdr", variable: false },
};

test("a rectangle costs its decode, each of its rungs, and a start", () => {
  expect(costOf(recipe)).toBeCloseTo(0.25 + 8 * (0.16 + 0.000_4 * (409.92 + 921.6)));
  expect(costOf({ kind: "image", animated: false })).toBe(0.25);
});

test("the pieces of a rectangle are its segments, by rung", () => {
  expect(piecesOf(recipe).map(({ name }) => name)).toEqual(["480:2", "480:3", "720:2", "720:3"]);
});
