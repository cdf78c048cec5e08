import { expect, test } from "vitest";
import type { Recipe, Result } from "#protocol";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import { audioRecipe, videoRecipe } from "../../media/recipes.ts";
import { faultOf } from "./manifest.ts";
import { INIT_BYTES, makeResult, SEGMENT_BYTES } from "../testing/results.ts";

const sound = {
  name: "audio-0",
  stream: 1,
  mode: "copy" as const,
  sampleRate: 48_000,
  channels: 2,
  language: null,
};
const plan = planOf(evenFrames(20), { tracks: [sound] });
const rung = plan.rungs[0]?.name ?? "";
const video = videoRecipe(plan, { segments: [1, 3], rungs: [rung] });
const recipes: [string, Recipe][] = [
  ["inspect", { kind: "inspect", media: "video" }],
  ["stills", { kind: "stills" }],
  ["image", { kind: "image", animated: false }],
  ["video", video],
  ["audio", audioRecipe(plan, { part: "p", track: "audio-0", segments: [0, 2] })],
  ["download", { kind: "audio", purpose: "download", stream: 0, mode: "encode" }],
];

function completion(recipe: Recipe, change: (result: Result) => void = () => {}) {
  const { uploads, result } = makeResult({ recipe });
  const copy = structuredClone(result);
  change(copy);
  return {
    objects: uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "" })),
    result: copy,
  };
}

test.each(recipes)("what fits a recipe of %s is taken", (_, recipe) => {
  expect(faultOf(recipe, completion(recipe))).toBeNull();
});

test.each(recipes)("objects that a result of %s names must be among those uploaded", (_, recipe) => {
  const { result } = completion(recipe);
  expect(faultOf(recipe, { objects: [], result })).toContain("not among the objects");
});

test("another kind, another rung, a name twice", () => {
  expect(faultOf(video, completion({ kind: "image", animated: false }))).toContain("expected");
  const other = (result: Result) => {
    if (result.kind === "video") for (const report of result.rungs) report.name = "9999";
  };
  expect(faultOf(video, completion(video, other))).toContain("9999");
  const { objects, result } = completion(video);
  expect(faultOf(video, { objects: [...objects, ...objects], result })).toContain("twice");
});

type Segments = { segment: number; offset: number; length: number }[];
test.each<[string, (segments: Segments) => void]>([
  ["a segment that was not asked for", (segments) => segments.forEach((one) => (one.segment += 2))],
  ["a segment twice", (segments) => segments.forEach((one) => (one.segment = 1))],
  [
    "bytes beyond the object",
    (segments) => segments.forEach((one) => (one.offset += SEGMENT_BYTES + INIT_BYTES)),
  ],
  ["an empty segment", (segments) => segments.forEach((one) => (one.length = 0))],
])("%s is refused", (_, spoil) => {
  const change = (result: Result) => {
    if (result.kind === "video") for (const { segments } of result.rungs) spoil(segments);
  };
  expect(faultOf(video, completion(video, change))).not.toBeNull();
});

test("a source that ends early leaves out its last segments", () => {
  const change = (result: Result) => {
    if (result.kind === "video") for (const { segments } of result.rungs) segments.pop();
  };
  expect(faultOf(video, completion(video, change))).toBeNull();
});
