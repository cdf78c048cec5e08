import { expect, test } from "vitest";
import type { FileRow } from "../catalog/files.ts";
import type { FileKind } from "../db/schema.ts";
import { evenFrames, planOf } from "../media/testing/plans.ts";
import { RANK } from "./ledger-types.ts";
import {
  isAwaited,
  isWebPlayable,
  originOf,
  planAwaited,
  planDownload,
  planFirst,
  planMp4,
  planPieces,
  recipeVersion,
} from "./plan.ts";
import { soundInspection } from "./testing/results.ts";

const file = (kind: FileKind) =>
  ({
    ...{ id: "Ab3dE9fGh1", owner: "anonymous", shard: "SHARD_WEUR", kind, size: 1_000, sha256: "abc" },
    objectKey: "o/Ab3dE9fGh1/n",
  }) as FileRow;

test.each<[FileKind, string | null, string[]]>([
  ["image", "image", ["thumbnail", "preview"]],
  ["animation", "image", ["thumbnail", "preview", "mp4"]],
  ["video", "inspect", ["poster", "thumbnail"]],
  ["audio", "inspect", []],
  ["text", null, []],
  ["document", null, []],
  ["other", null, []],
])("a file of kind %s begins with %s", (kind, first, makes) => {
  const spec = planFirst(file(kind));
  expect(spec?.kind ?? null).toBe(first);
  expect((spec?.makes ?? []).map((made) => made.kind)).toEqual(makes);
});

test("the same file always asks for the same job, and another recipe for another", () => {
  expect(planFirst(file("image"))).toEqual(planFirst(file("image")));
  expect(planFirst(file("image"))?.version).not.toBe(planFirst(file("animation"))?.version);
  expect(recipeVersion({ kind: "image", animated: false })).toMatch(/^[0-9a-f]{8}$/);
});

test("a planned film: head first, then the rest by nearness; the mp4 waits for all of it", () => {
  const rung = { mode: "encode" as const, ceiling: 1_000 };
  const rungs = [
    { ...rung, name: "480", width: 854, height: 480 },
    { ...rung, name: "720", width: 1_280, height: 720 },
  ];
  const plan = planOf(evenFrames(60), { rungs });
  const pieces = planPieces(originOf(file("video")), plan);
  const heads = pieces.filter(({ rank }) => rank === RANK.head);
  expect(heads.every(({ position }) => position === 0)).toBe(true);
  const covered = new Map<string, number[]>();
  for (const { recipe } of pieces) {
    if (recipe?.kind !== "video") continue;
    for (const { name } of recipe.rungs) {
      const [from, until] = recipe.segments;
      const own = Array.from({ length: until - from }, (_, at) => from + at);
      covered.set(name, [...(covered.get(name) ?? []), ...own]);
    }
  }
  const all = Array.from({ length: plan.boundaries.length - 1 }, (_, at) => at);
  for (const segments of covered.values()) expect(segments.sort((a, b) => a - b)).toEqual(all);
  expect(new Set(pieces.map(({ part }) => part)).size).toBe(pieces.length);
  const mp4 = planMp4(originOf(file("video")), plan, ["a", "b"]);
  expect(mp4).toMatchObject({ kind: "mp4", rank: RANK.after, recipe: null, parents: ["a", "b"] });
});

test("somebody who waits gets one rung of a few segments, up to what is there already", () => {
  const plan = planOf(evenFrames(60));
  const name = plan.rungs[0]?.name ?? "";
  const spec = planAwaited(originOf(file("video")), plan, name, 5, 15);
  expect(spec).toMatchObject({ rank: RANK.awaited, recipe: { segments: [5, 8], rungs: [{ name }] } });
  expect(isAwaited(spec)).toBe(true);
  expect(planAwaited(originOf(file("video")), plan, name, 5, 6).recipe).toMatchObject({ segments: [5, 6] });
  expect(planPieces(originOf(file("video")), plan).some(isAwaited)).toBe(false);
});

test.each([
  ["mp3", "mp3", true],
  ["mov,mp4,m4a,3gp,3g2,mj2", "aac", true],
  ["mov,mp4,m4a,3gp,3g2,mj2", "alac", false],
  ["ogg", "opus", true],
  ["ogg", "speex", false],
  ["flac", "flac", true],
  ["wav", "pcm_s16le", true],
  ["wav", "adpcm_ms", false],
  ["matroska,webm", "opus", true],
  ["matroska,webm", "dts", false],
  ["aiff", "pcm_s16be", false],
  ["asf", "wmav2", false],
])("%s with %s plays in browsers: %s", (container, codec, plays) => {
  expect(isWebPlayable(container, codec)).toBe(plays);
});

test("sound that browsers do not play becomes an m4a, the rest nothing", () => {
  const { result } = soundInspection("alac");
  if (result.kind !== "inspect") throw new Error("no inspection");
  expect(planDownload(originOf(file("audio")), result)).toMatchObject({ recipe: { purpose: "download" } });
  const playable = soundInspection("aac").result;
  if (playable.kind !== "inspect") throw new Error("no inspection");
  expect(planDownload(originOf(file("audio")), playable)).toBeNull();
  expect(planDownload(originOf(file("audio")), { ...result, audio: [] })).toBeNull();
});
