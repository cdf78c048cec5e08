/** Copied rungs: the source's packets, cut so that nothing is missing, doubled or moved, and encoded ones fit. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFile } from "../ffmpeg/files.ts";
import { readFragments } from "../ffmpeg/samples.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { inspectFilm, rung, videoRecipe } from "../testing/cut.ts";
import { ffmpeg, makeFilm } from "../testing/footage.ts";
import { encodeFilm, proveRung } from "../testing/proof.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const X264 = ["-c:v", "libx264", "-preset", "ultrafast"];
const RUNGS = [rung(214, 120), rung(320, 180, "copy")];
const VFR = ["-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"];

test.each([
  ["b-frames.mp4", { video: [...X264, "-bf", "3", "-g", "45"] }],
  ["ntsc.mov", { rate: "30000/1001", video: [...X264, "-bf", "2", "-b-pyramid", "normal", "-g", "37"] }],
  ["in-order.mp4", { video: [...X264, "-bf", "0", "-g", "30"] }],
  ["film.ts", { video: [...X264, "-bf", "2", "-g", "40"] }],
  [
    "uneven.mp4",
    { video: [...X264, "-bf", "2", "-g", "20"], filter: "select='lt(t,4)+gt(t,7)*not(mod(n,3))'", more: VFR },
  ],
  ["film.mkv", { video: [...X264, "-bf", "2", "-g", "45"] }],
])("%s: copied and encoded rungs tile exactly, at the same boundaries", async (name, wish) => {
  const file = await makeFilm(bench.folder, name, { seconds: 13, sound: false, ...wish });
  const film = await inspectFilm(bench, file, 2, "keyframes");
  expect(film.boundaries.length).toBeGreaterThan(4);
  const parts = await encodeFilm(bench, film, [1, 2, 1], RUNGS);
  for (const rungParts of parts.values()) await proveRung(bench, film, rungParts);
});

test("copied bytes are the source's, with parameter sets in band at every segment", async () => {
  const file = await makeFilm(bench.folder, "same.mp4", {
    seconds: 9,
    sound: false,
    video: [...X264, "-g", "30"],
  });
  const film = await inspectFilm(bench, file, 2, "keyframes");
  const done = await bench.run(videoRecipe(film, [1, 3], [rung(320, 180, "copy")]), file);
  expect(done.result.encoder).toBe("copy");
  const path = done.path("180.mp4");
  const bytes = await readFile(path);
  const { samples } = await withFile(path, "r", readFragments);
  const source = await readFile(file);
  const starts = new Set(done.result.rungs[0]?.segments.map(({ start }) => start));
  for (const { offset, size, dts, sync } of samples) {
    const units = unitsOf(bytes.subarray(offset, offset + size));
    const picture = units.filter((unit) => [1, 5].includes((unit[0] ?? 0) & 0x1f));
    for (const unit of picture) expect(source.includes(unit)).toBe(true);
    const types = units.map((unit) => (unit[0] ?? 0) & 0x1f);
    if (starts.has(dts)) expect([sync, types.slice(0, 2)]).toEqual([true, [7, 8]]);
  }
});

/** The NAL units of a sample, each behind four bytes of length. */
function unitsOf(sample: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at + 4 <= sample.length;) {
    const length = sample.readUInt32BE(at);
    units.push(sample.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units;
}

test("a film held the other way round is not copied: its packets know nothing of that", async () => {
  const flat = await makeFilm(bench.folder, "flat.mp4", {
    seconds: 6,
    sound: false,
    video: [...X264, "-g", "30"],
  });
  const file = join(bench.folder, "turned.mp4");
  await ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=180", file);
  const film = await inspectFilm(bench, file, 2, "keyframes");
  const done = await bench.run(videoRecipe(film, [0, 2], [rung(320, 180, "copy")]), file);
  expect(done.result.encoder).toBe("libx264");
});

test("a source whose packets cannot be cut there is encoded after all", async () => {
  const file = await makeFilm(bench.folder, "long-gop.mp4", { seconds: 6, sound: false });
  const film = await inspectFilm(bench, file);
  const parts = await encodeFilm(bench, film, [1, 1], [rung(320, 180, "copy")]);
  for (const rungParts of parts.values()) await proveRung(bench, film, rungParts);
  const done = await bench.run(videoRecipe(film, [1, 2], [rung(320, 180, "copy")]), file);
  expect(done.result.encoder).toBe("libx264");
});

test("a film whose keyframes are no IDR pictures is encoded after all: browsers cannot begin there", async () => {
  const file = await makeFilm(bench.folder, "refreshed.mp4", {
    seconds: 6,
    sound: false,
    video: [...X264, "-bf", "0", "-g", "60", "-x264-params", "intra-refresh=1"],
  });
  const film = await inspectFilm(bench, file, 2, "keyframes");
  expect(film.boundaries.length).toBeGreaterThan(2);
  const encoderOf = async (first: number) => {
    const recipe = videoRecipe(film, [first, first + 1], [rung(320, 180, "copy")]);
    return (await bench.run(recipe, file)).result.encoder;
  };
  // The first picture of such a film is one, and no other.
  expect([await encoderOf(0), await encoderOf(1)]).toEqual(["copy", "libx264"]);
});

test("a copied rung of a film that starts late keeps its times", async () => {
  const flat = await makeFilm(bench.folder, "flat.mp4", { seconds: 8, video: [...X264, "-g", "30"] });
  const file = `${bench.folder}/late.mp4`;
  await ffmpeg(
    ...["-itsoffset", "0.7", "-i", flat, "-i", flat, "-map", "0:v", "-map", "1:a", "-c", "copy", file],
  );
  const film = await inspectFilm(bench, file, 2, "keyframes");
  for (const rungParts of (await encodeFilm(bench, film, [1, 1], RUNGS)).values())
    await proveRung(bench, film, rungParts);
});
