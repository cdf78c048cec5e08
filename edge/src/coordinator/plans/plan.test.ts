import { expect, test } from "vitest";
import type { FileRow } from "../../catalog/files.ts";
import type { FileKind } from "../../db/schema.ts";
import { isWebPlayable, originOf, planDownload, planFirst, recipeVersion } from "./plan.ts";
import { soundInspection } from "../testing/results.ts";

const file = (kind: FileKind) =>
  ({
    ...{ id: "Ab3dE9fGh1", owner: "anonymous", shard: "SHARD_WEUR", kind, size: 1_000, sha256: "abc" },
    objectKey: "o/Ab3dE9fGh1/n",
  }) as FileRow;

test.each<[FileKind, string[], string[]]>([
  ["image", ["image"], ["thumbnail", "preview"]],
  ["animation", ["image"], ["thumbnail", "preview", "mp4"]],
  ["video", ["inspect", "stills"], ["poster", "thumbnail"]],
  ["audio", ["inspect"], []],
  ["text", [], []],
  ["document", [], []],
  ["other", [], []],
])("a file of kind %s begins with %j", (kind, first, makes) => {
  const specs = planFirst(file(kind));
  expect(specs.map((spec) => spec.kind)).toEqual(first);
  expect(specs.flatMap((spec) => spec.makes.map((made) => made.kind))).toEqual(makes);
});

test("the same file always asks for the same job, and another recipe for another", () => {
  expect(planFirst(file("image"))).toEqual(planFirst(file("image")));
  expect(planFirst(file("image"))[0]?.version).not.toBe(planFirst(file("animation"))[0]?.version);
  expect(recipeVersion({ kind: "image", animated: false })).toMatch(/^[0-9a-f]{8}$/);
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
