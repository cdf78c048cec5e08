import { expect, test } from "vitest";
import type { FrameIndex, InspectResult, SourceTraits, StreamReport } from "#protocol";
import { canCopy, copiedRung } from "./copying.ts";
import { planLadder } from "./ladder.ts";
import { evenFrames, FILM, indexOf, INSPECTION } from "./testing/plans.ts";

interface Case {
  of: string;
  stream?: Partial<StreamReport>;
  video?: Partial<NonNullable<InspectResult["video"]>>;
  traits?: Partial<SourceTraits>;
  keyframes?: number[];
  bitRate?: number | null;
  copies: boolean;
}

const size = (width: number, height: number) => ({ stream: { width, height }, video: { width, height } });

const CASES: Case[] = [
  { of: "H.264 High, 8-bit, a keyframe each 5 s", copies: true },
  { of: "Main", stream: { profile: "Main" }, copies: true },
  { of: "Constrained Baseline", stream: { profile: "Constrained Baseline" }, copies: true },
  { of: "High 10", stream: { profile: "High 10", pixelFormat: "yuv420p10le" }, copies: false },
  { of: "4:2:2", stream: { profile: "High 4:2:2", pixelFormat: "yuv422p" }, copies: false },
  { of: "full range", stream: { pixelFormat: "yuvj420p" }, copies: false },
  { of: "an unknown profile", stream: { profile: null }, copies: false },
  { of: "HEVC", video: { codec: "hevc" }, copies: false },
  { of: "a turned phone", video: { width: 1_080, height: 1_920 }, copies: false },
  { of: "an odd width", stream: { width: 1_921 }, copies: false },
  { of: "an odd height", stream: { height: 1_081 }, copies: false },
  { of: "interlaced", traits: { interlaced: true }, copies: false },
  { of: "anamorphic", traits: { anamorphic: true }, copies: false },
  { of: "HDR", traits: { transfer: "hlg" }, copies: false },
  { of: "uneven frames in order", stream: { reordered: false }, traits: { variable: true }, copies: true },
  {
    of: "uneven frames out of order",
    stream: { reordered: true },
    traits: { variable: true },
    copies: false,
  },
  { of: "uneven frames, order unknown", traits: { variable: true }, copies: false },
  { of: "even frames out of order", stream: { reordered: true }, copies: true },
  { of: "a rate at the ceiling", stream: { bitRate: 5_000_000 }, copies: true },
  { of: "a rate above the ceiling", stream: { bitRate: 5_000_001 }, copies: false },
  { of: "only the file's rate known, within", stream: { bitRate: null }, bitRate: 4_000_000, copies: true },
  { of: "only the file's rate known, above", stream: { bitRate: null }, bitRate: 6_000_000, copies: false },
  { of: "no rate known", stream: { bitRate: null }, bitRate: null, copies: false },
  { of: "keyframes 8 s apart", keyframes: [0, 8_000, 12_000], copies: true },
  { of: "keyframes further apart", keyframes: [0, 8_040, 12_000], copies: false },
  { of: "no keyframe near the end", keyframes: [0, 5_000, 10_000], copies: false },
  { of: "a first frame that is none", keyframes: [40, 5_000, 10_000, 15_000], copies: false },
  { of: "keyframes that go back", keyframes: [0, 5_000, 5_000, 10_000, 15_000], copies: false },
  { of: "no keyframe", keyframes: [], copies: false },
  { of: "an index that came later", video: { index: null }, copies: true },
  { of: "scope, larger than its rung", ...size(1_920, 800), copies: false },
  { of: "1440 lines within the rate", ...size(2_560, 1_440), copies: true },
  { of: "4K within the rate", ...size(3_840, 2_160), copies: false },
];

test.each(CASES)("$of: $copies", ({ stream, video, traits, keyframes, bitRate = 6_000_000, copies }) => {
  const film = { ...FILM, ...stream };
  const shown = { ...INSPECTION.video, ...video, traits: { ...INSPECTION.video?.traits, ...traits } };
  const inspection = { ...INSPECTION, bitRate, streams: [film], video: shown } as InspectResult;
  const index: FrameIndex = {
    ...indexOf(evenFrames(20)),
    keyframes: keyframes ?? [0, 5_000, 10_000, 15_000],
  };
  const { width = 0, height = 0 } = shown;
  const top = planLadder({ width, height, bitRate: film.bitRate ?? bitRate }).at(-1);
  if (!top) throw new Error("no rung");
  expect(canCopy(inspection, index, top)).toBe(copies);
});

test("the copy has the source's size and name, and the rung's ceiling", () => {
  const [, rung] = planLadder({ width: 1_920, height: 800, bitRate: null });
  if (!rung) throw new Error("no rung");
  expect(copiedRung({ width: 1_920, height: 800 }, rung)).toEqual({
    ...{ name: "800", mode: "copy", width: 1_920, height: 800, ceiling: 2_800_000 },
  });
});
