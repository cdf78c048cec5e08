/** The proof of rectangles: made apart, in any order, by any settings, they play as the one film they were. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Abandoned } from "../errors.ts";
import type { Encoder } from "../ffmpeg/encoders.ts";
import { SOFTWARE } from "../ffmpeg/h264.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { inspectFilm, rung, videoRecipe } from "../testing/cut.ts";
import { makeFilm } from "../testing/footage.ts";
import { encodeFilm, proveRung } from "../testing/proof.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const LARGE = rung(320, 180);
const SMALL = rung(214, 120);
const RUNGS = [SMALL, LARGE];

test("rectangles of an even film with B-frames tile exactly, in every rung", async () => {
  const file = await makeFilm(bench.folder, "even.mp4", { seconds: 11, rate: "30000/1001", sound: false });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.variable).toBe(false);
  const parts = await encodeFilm(bench, film, [1, 2, 1], RUNGS);
  for (const rungParts of parts.values()) await proveRung(bench, film, rungParts);
  expect([...parts.values()].map((list) => list[0]?.report.codecs)).toEqual([
    expect.stringMatching(/^avc1\.6400/),
    expect.stringMatching(/^avc1\.6400/),
  ]);
});

test("a screen recording that stands still keeps every frame at its time", async () => {
  const still = "select='lt(t,2)+between(t,8.6,13)*lt(mod(n,3),2)+gt(t,13)*not(mod(n,4))'";
  const file = await makeFilm(bench.folder, "still.mp4", {
    seconds: 18,
    sound: false,
    filter: still,
    more: ["-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"],
  });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.variable).toBe(true);
  for (const rungParts of (await encodeFilm(bench, film, [1, 1, 2], RUNGS)).values())
    await proveRung(bench, film, rungParts);
});

test("a film of one frame is a segment", async () => {
  const file = await makeFilm(bench.folder, "one.mp4", { seconds: 1, rate: "1", sound: false });
  const film = await inspectFilm(bench, file);
  for (const rungParts of (await encodeFilm(bench, film, [1], RUNGS)).values()) {
    expect(rungParts[0]?.report).toMatchObject({ frames: 1, segments: [{ segment: 0, start: 0 }] });
  }
});

test("an encoder that fails in a job is replaced by one that does not", async () => {
  const file = await makeFilm(bench.folder, "fallback.mp4", { seconds: 3, sound: false });
  const film = await inspectFilm(bench, file);
  const broken: Encoder = {
    ...SOFTWARE,
    name: "h264_broken",
    hardware: true,
    // Opens, and then cannot take what it is given.
    format: "format=yuv444p",
  };
  const done = await bench.run(videoRecipe(film, [0, 1], [SMALL]), file, { encoders: [broken, SOFTWARE] });
  expect(done.result.encoder).toBe("libx264");
  expect(done.result.rungs[0]?.frames).toBe(60);
});

test("a cancelled job ends at once and delivers nothing", async () => {
  const file = await makeFilm(bench.folder, "cancelled.mp4", { seconds: 3, sound: false });
  const film = await inspectFilm(bench, file);
  const controller = new AbortController();
  controller.abort(new Abandoned("lost"));
  const job = bench.run(videoRecipe(film, [0, 1], [SMALL]), file, { signal: controller.signal });
  await expect(job).rejects.toBeInstanceOf(Abandoned);
});

test("what a rectangle must have is refused when it contradicts itself", async () => {
  const file = await makeFilm(bench.folder, "short.mp4", { seconds: 3, sound: false });
  const film = await inspectFilm(bench, file);
  const recipe = videoRecipe(film, [0, 1], [SMALL]);
  await expect(bench.run({ ...recipe, segments: [0, 2] }, file)).rejects.toMatchObject({ code: "refused" });
});

test.each([
  ["even.mp4", undefined],
  ["uneven.mkv", "select='lt(t,2.5)+gt(t,2.9)'"],
])("an open end is the film's own: %s", async (name, filter) => {
  const file = await makeFilm(bench.folder, `open-${name}`, {
    seconds: 3,
    sound: false,
    ...(filter === undefined ? {} : { filter, more: ["-fps_mode", "vfr"] }),
  });
  const film = await inspectFilm(bench, file);
  const recipe = videoRecipe(film, [1, 2], [SMALL]);
  const open = await bench.run({ ...recipe, boundaries: [film.boundaries[1] ?? 0, null] }, file);
  const closed = await bench.run(recipe, file);
  expect(open.result.rungs).toEqual(closed.result.rungs);
});

test("index.json is what the plan is made from", async () => {
  const file = await makeFilm(bench.folder, "index.mp4", { seconds: 3, sound: false });
  const film = await inspectFilm(bench, file);
  const text = await readFile(film.path("index.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({ timescale: 15360, start: 0, runs: [[512, 89]], keyframes: [0] });
});

test("a film without tables has its head at once, and its index from the job that follows", async () => {
  const file = await makeFilm(bench.folder, "long.mkv", { seconds: 14 });
  const { result, products } = await bench.run({ kind: "inspect", media: "video" }, file);
  expect(result.video).toMatchObject({ index: null, head: { timescale: 1_000, start: 21, boundary: 4_021 } });
  expect(result.duration).toBeCloseTo(14, 0);
  expect([...products.keys()]).toEqual([]);
  // What the head promised is a boundary of the whole, and can be encoded before that is known.
  const film = await inspectFilm(bench, file, 4);
  const head = result.video?.head;
  expect([head?.start, head?.boundary]).toEqual(film.boundaries.slice(0, 2));
  const early = await bench.run(videoRecipe(film, [0, 1], [SMALL]), file);
  expect(early.result.rungs[0]?.frames).toBe(120);
});
