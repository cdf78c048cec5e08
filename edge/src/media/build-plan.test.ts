import { expect, test } from "vitest";
import { VideoRecipe, type InspectResult } from "#protocol";
import { buildPlan, headPlan } from "./build-plan.ts";
import { headRecipe, videoRecipe } from "./recipes.ts";
import { headRectangle, planRectangles } from "./rectangles.ts";
import { evenFrames, FILM, indexOf, INSPECTION } from "./testing/plans.ts";

const SLUG = "Ab3dE9fGh1";
const index = indexOf(evenFrames(20));
const keyed = { ...index, keyframes: Array.from({ length: 20 }, (_, at) => at * 1_000) };
const film: InspectResult = { ...INSPECTION, streams: [FILM] };
const withVideo = (changes: object): InspectResult =>
  ({ ...film, video: { ...film.video, ...changes } }) as InspectResult;

test("the same inspection yields the same plan; another file, look or ladder another id", async () => {
  const plan = await buildPlan(SLUG, INSPECTION, index);
  expect(await buildPlan(SLUG, structuredClone(INSPECTION), { ...index })).toEqual(plan);
  const elsewhere = {
    ...INSPECTION,
    video: { ...withVideo({}).video, index: "frames.json" },
  } as InspectResult;
  expect((await buildPlan(SLUG, elsewhere, index))?.id).toBe(plan?.id);
  const others = [
    await buildPlan("Ab3dE9fGh2", INSPECTION, index),
    await buildPlan(SLUG, { ...INSPECTION, bitRate: 1 }, index),
    await buildPlan(SLUG, INSPECTION, index, [{ name: "360", ceiling: 900_000 }]),
  ];
  expect(new Set([plan, ...others].map((each) => each?.id)).size).toBe(4);
  expect(plan?.id).toMatch(/^[0-9a-f]{24}$/);
});

test("a source that fits is copied as its own top rung, and all rungs are cut at its keyframes", async () => {
  const plan = await buildPlan(SLUG, film, {
    ...keyed,
    keyframes: [0, 3_000, 6_000, 11_000, 16_000, 19_000],
  });
  expect(plan?.rungs.map(({ name, mode }) => `${name} ${mode}`)).toEqual([
    "480 encode",
    "720 encode",
    "1080 copy",
  ]);
  expect(plan?.boundaries).toEqual([0, 6_000, 11_000, 16_000, 20_000]);
  const scope = { ...film, streams: [{ ...FILM, width: 1_920, height: 800, bitRate: 2_500_000 }] };
  const wide = await buildPlan(SLUG, { ...withVideo({ height: 800 }), streams: scope.streams }, keyed);
  expect(wide?.rungs.at(-1)).toMatchObject({ name: "800", mode: "copy", width: 1_920, height: 800 });
  const heavy = await buildPlan(SLUG, { ...film, streams: [{ ...FILM, bitRate: 9_000_000 }] }, keyed);
  expect(heavy?.rungs.every(({ mode }) => mode === "encode")).toBe(true);
  expect(heavy?.boundaries).toEqual([0, 4_000, 8_000, 12_000, 16_000, 20_000]);
});

test("the head is made under the plan's own id, and is its first rectangle", async () => {
  const late = withVideo({ index: null, head: { timescale: 1_000, start: 0, boundary: 4_040 } });
  const head = await headPlan(SLUG, late);
  const plan = await buildPlan(SLUG, late, keyed);
  if (!head || !plan) throw new Error("no plan");
  expect([plan.id, plan.boundaries[0], plan.boundaries[1]]).toEqual([head.id, ...head.boundaries]);
  // The head does not end on a keyframe that packets could be cut at, so nothing is copied.
  expect(plan.rungs).toEqual(head.rungs);
  const [first] = planRectangles(plan);
  expect(headRectangle(head)).toEqual(first);
  // How many frames a second there are and which of them are keyframes, nobody knows yet.
  const later = first && { ...videoRecipe(plan, first), frameRate: undefined, preroll: undefined };
  expect(VideoRecipe.parse(headRecipe(head))).toEqual(later);
});

test("a film whose index comes later is copied where its head ends on a keyframe, and the head stays", async () => {
  const gops = { ...index, keyframes: [0, 5_000, 10_000, 15_000], variable: false };
  const traits = { ...INSPECTION.video?.traits, variable: true };
  const times = { timescale: 1_000, start: 0, boundary: 4_000 };
  const late = withVideo({ index: null, traits, head: { ...times, keyframe: 5_000 } });
  const [head, plan] = [await headPlan(SLUG, late), await buildPlan(SLUG, late, gops)];
  expect(head?.boundaries).toEqual([0, 5_000]);
  expect(head?.rungs.every(({ mode }) => mode === "encode")).toBe(true);
  expect(plan).toMatchObject({ id: head?.id, boundaries: [0, 5_000, 10_000, 15_000, 20_000] });
  expect(plan?.rungs.map(({ mode }) => mode)).toEqual(["encode", "encode", "copy"]);
  // Only the index tells that its frames are even after all.
  expect([head?.video.traits.variable, plan?.video.traits.variable]).toEqual([true, false]);

  const uneven = await buildPlan(SLUG, late, { ...gops, variable: true });
  expect(uneven?.rungs.every(({ mode }) => mode === "encode")).toBe(true);
  expect(uneven).toMatchObject({ id: head?.id, boundaries: [0, 5_000, 9_000, 13_000, 17_000, 20_000] });

  const heavy = { ...late, streams: [{ ...FILM, bitRate: 9_000_000 }] };
  expect((await headPlan(SLUG, heavy))?.boundaries).toEqual([0, 4_000]);

  const single = [{ name: "1080", ceiling: 6_000_000 }];
  const alone = await buildPlan(SLUG, late, gops, single);
  expect(alone?.rungs.map(({ mode }) => mode)).toEqual(["encode"]);
  expect(alone?.id).toBe((await headPlan(SLUG, late, single))?.id);
});

test("a head that the index does not bear out belongs to another plan, one just before the end stays", async () => {
  const at = (boundary: number, start = 0, timescale = 1_000) =>
    withVideo({ index: null, head: { timescale, start, boundary } });
  for (const wrong of [at(4_010), at(4_000, 40), at(4_000, 0, 90_000)]) {
    const [head, plan] = [await headPlan(SLUG, wrong), await buildPlan(SLUG, wrong, keyed)];
    expect(plan?.id).not.toBe(head?.id);
    expect(plan?.boundaries).toEqual([0, 4_000, 8_000, 12_000, 16_000, 20_000]);
  }
  const short = {
    ...index,
    ...indexOf({ ...evenFrames(4), times: evenFrames(5).times.slice(0, 103), end: 4_120 }),
  };
  const near = await buildPlan(SLUG, at(4_000), short);
  expect(near?.boundaries).toEqual([0, 4_000, 4_120]);
  const whole = await buildPlan(SLUG, at(4_120), short);
  expect([whole?.boundaries, whole?.id]).toEqual([[0, 4_120], (await headPlan(SLUG, at(4_120)))?.id]);
});

test("no head is made where the index came along, or where none was told", async () => {
  const head = { timescale: 1_000, start: 0, boundary: 4_000 };
  expect(await headPlan(SLUG, withVideo({ head }))).toBeNull();
  expect(await headPlan(SLUG, withVideo({ index: null, head: null }))).toBeNull();
  expect(await headPlan(SLUG, { ...film, video: null })).toBeNull();
});

test("subtitles that are text are offered, pictures of letters are not", async () => {
  const text = { ...FILM, type: "subtitle" as const, width: null, height: null };
  const streams = [
    { ...text, index: 2, codec: "subrip", language: "deu" },
    { ...text, index: 3, codec: "hdmv_pgs_subtitle" },
    { ...text, index: 4, codec: "mov_text" },
  ];
  const plan = await buildPlan(SLUG, { ...INSPECTION, streams }, index);
  expect(plan?.texts).toEqual([
    { name: "text-2", stream: 2, language: "deu" },
    { name: "text-4", stream: 4, language: null },
  ]);
});

test("a plan needs a picture and frames", async () => {
  expect(await buildPlan(SLUG, { ...INSPECTION, video: null }, index)).toBeNull();
  expect(await buildPlan(SLUG, INSPECTION, { ...index, end: index.start })).toBeNull();
});

test("sound that players take is copied, other sound becomes stereo at a rate of theirs", async () => {
  const audio = [
    { stream: 1, codec: "aac", copyable: true, sampleRate: 32_000, channels: 1, language: null },
    { stream: 2, codec: "ac3", copyable: false, sampleRate: 96_000, channels: 6, language: "deu" },
    { stream: 3, codec: "flac", copyable: false, sampleRate: 44_100, channels: 1, language: null },
  ];
  const plan = await buildPlan(SLUG, { ...INSPECTION, audio }, index);
  expect(plan?.tracks).toEqual([
    { name: "audio-0", stream: 1, mode: "copy", sampleRate: 32_000, channels: 1, language: null },
    { name: "audio-1", stream: 2, mode: "encode", sampleRate: 48_000, channels: 2, language: "deu" },
    { name: "audio-2", stream: 3, mode: "encode", sampleRate: 44_100, channels: 1, language: null },
  ]);
});

test("the timeline never starts after the first frame", async () => {
  const late = { ...INSPECTION.video, origin: 90 } as typeof INSPECTION.video;
  const plan = await buildPlan(SLUG, { ...INSPECTION, video: late }, index);
  expect(plan?.origin).toBe(0);
});

test("each rectangle's recipe tells how far before it decoding may begin, where that is near", async () => {
  const plan = await buildPlan(SLUG, INSPECTION, { ...index, keyframes: [0, 3_000, 8_000] });
  const prerollOf = (first: number) =>
    plan && videoRecipe(plan, { segments: [first, first + 1], rungs: ["480"] }).preroll;
  expect([0, 1, 2, 3].map(prerollOf)).toEqual([0, 1_000, 0, 4_000]);
  const open = await buildPlan(SLUG, INSPECTION, { ...index, keyframes: [0] });
  expect(open && videoRecipe(open, { segments: [4, 5], rungs: ["480"] })).not.toHaveProperty("preroll");
});
