import { expect, test } from "vitest";
import { Mp4Recipe } from "#protocol";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import { EMBED_BYTES, mp4Recipe } from "./mp4-recipe.ts";

const rung = (name: string) => ({ name, mode: "encode" as const, width: 854, height: 480, ceiling: 1_000 });
const sound = {
  name: "audio-0",
  stream: 1,
  mode: "copy" as const,
  sampleRate: 48_000,
  channels: 2,
  language: null,
};
const plan = planOf(evenFrames(16), { rungs: [rung("480"), rung("720")], tracks: [sound] });

function claim(track: string, segment: number, changes: Partial<SegmentClaim> = {}): SegmentClaim {
  return {
    ...{
      planId: plan.id,
      track,
      segment,
      jobId: "main.1",
      objectKey: `${track}/one`,
      size: 10_000,
      etag: "e",
    },
    ...{ offset: 100 + segment * 1_000, length: 1_000, initOffset: 0, initLength: 100, codecs: "c" },
    ...{ start: segment * 4_000, duration: 4_000, frames: 100 },
    ...changes,
  };
}
const whole = (track: string, length = 1_000) =>
  [3, 1, 0, 2].map((at) => claim(track, at, { length, offset: 100 + at * length }));

test("segments of one object become one range of one piece", () => {
  const made = mp4Recipe(plan, [...whole("480"), ...whole("720"), ...whole("audio-0")]);
  expect(Mp4Recipe.parse(made?.recipe)).toEqual({
    kind: "mp4",
    video: [{ input: "v0", init: [0, 100], ranges: [[100, 4_000]] }],
    audio: [{ input: "a0", init: [0, 100], ranges: [[100, 4_000]] }],
    frames: 400,
    duration: 16,
  });
  expect(made?.inputs.map(({ name, key }) => [name, key])).toEqual([
    ["v0", "720/one"],
    ["a0", "audio-0/one"],
  ]);
});

test("an object that somebody's wait cut in two comes twice, in order", () => {
  const awaited = claim("720", 2, { objectKey: "720/awaited", offset: 100 });
  const claims = [...whole("720").filter(({ segment }) => segment !== 2), awaited];
  const made = mp4Recipe(plan, claims);
  expect(made?.recipe.video.map(({ input, ranges }) => [input, ranges])).toEqual([
    ["v0", [[100, 2_000]]],
    ["v1", [[100, 1_000]]],
    ["v0", [[3_100, 1_000]]],
  ]);
  expect(made?.inputs).toHaveLength(2);
});

test("the highest rung is the download; the embed is the highest that fits with its sound, or nothing", () => {
  const inputOf = (lengths: Record<string, number>, limit?: number) => {
    const claims = Object.entries(lengths).flatMap(([track, length]) => whole(track, length));
    return mp4Recipe(plan, claims, limit)?.inputs[0]?.key ?? null;
  };
  expect(inputOf({ "480": 1_000_000, "720": 13_000_000 })).toBe("720/one");
  expect(inputOf({ "480": 1_000_000, "720": 12_000_000 }, EMBED_BYTES)).toBe("720/one");
  expect(inputOf({ "480": 1_000_000, "720": 13_000_000 }, EMBED_BYTES)).toBe("480/one");
  expect(inputOf({ "480": 1_000_000, "720": 12_000_000, "audio-0": 600_000 }, EMBED_BYTES)).toBe("480/one");
  expect(inputOf({ "480": 20_000_000, "720": 30_000_000 }, EMBED_BYTES)).toBeNull();
});

test("a rung that lacks segments is passed over, and without any there is nothing to make", () => {
  const claims = [...whole("480"), claim("720", 0)];
  expect(mp4Recipe(plan, claims)?.inputs[0]?.key).toBe("480/one");
  expect(mp4Recipe(plan, whole("audio-0"))).toBeNull();
});
