import { expect, test } from "vitest";
import { buildPlan } from "./build-plan.ts";
import { evenFrames, indexOf, INSPECTION } from "./testing/plans.ts";

const index = indexOf(evenFrames(20));

test("the same inspection yields the same plan; another file or another frame another id", async () => {
  const plan = await buildPlan("Ab3dE9fGh1", INSPECTION, index);
  expect(await buildPlan("Ab3dE9fGh1", INSPECTION, { ...index })).toEqual(plan);
  const others = [
    await buildPlan("Ab3dE9fGh2", INSPECTION, index),
    await buildPlan("Ab3dE9fGh1", INSPECTION, { ...index, end: index.end + 1 }),
  ];
  expect(new Set([plan, ...others].map((each) => each?.id)).size).toBe(3);
  expect(plan?.id).toMatch(/^[0-9a-f]{24}$/);
});

test("a plan needs a picture and frames", async () => {
  expect(await buildPlan("Ab3dE9fGh1", { ...INSPECTION, video: null }, index)).toBeNull();
  expect(await buildPlan("Ab3dE9fGh1", INSPECTION, { ...index, end: index.start })).toBeNull();
});

test("sound that players take is copied, other sound becomes stereo at a rate of theirs", async () => {
  const audio = [
    { stream: 1, codec: "aac", copyable: true, sampleRate: 32_000, channels: 1, language: null },
    { stream: 2, codec: "ac3", copyable: false, sampleRate: 96_000, channels: 6, language: "deu" },
    { stream: 3, codec: "flac", copyable: false, sampleRate: 44_100, channels: 1, language: null },
  ];
  const plan = await buildPlan("Ab3dE9fGh1", { ...INSPECTION, audio }, index);
  expect(plan?.tracks).toEqual([
    { name: "audio-0", stream: 1, mode: "copy", sampleRate: 32_000, channels: 1, language: null },
    { name: "audio-1", stream: 2, mode: "encode", sampleRate: 48_000, channels: 2, language: "deu" },
    { name: "audio-2", stream: 3, mode: "encode", sampleRate: 44_100, channels: 1, language: null },
  ]);
});

test("the timeline never starts after the first frame", async () => {
  const late = { ...INSPECTION.video, origin: 90 } as typeof INSPECTION.video;
  const plan = await buildPlan("Ab3dE9fGh1", { ...INSPECTION, video: late }, index);
  expect(plan?.origin).toBe(0);
});
