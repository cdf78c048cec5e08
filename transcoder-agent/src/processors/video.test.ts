/** The proof of rectangles: made apart, in any order, by any settings, they play as the one film they were. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type Bench } from "../testing/bench.ts";
import { inspectFilm, rung, videoRecipe, type Inspected } from "../testing/cut.ts";
import { decodeFrames, makeFilm } from "../testing/footage.ts";
import { concatenate, readInit, writePlaylist, type Part } from "../testing/playlist.ts";
import { withFile } from "../ffmpeg/files.ts";
import { readFragments } from "../ffmpeg/samples.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const LARGE = rung(320, 180);
const SMALL = rung(214, 120);

/** Encodes the film in rectangles of these lengths; answers the parts of each rung. */
async function encode(
  film: Inspected,
  lengths: number[],
  rungs = [SMALL, LARGE],
): Promise<Map<string, Part[]>> {
  const parts = new Map<string, Part[]>(rungs.map(({ name }) => [name, []]));
  const count = film.boundaries.length - 1;
  for (let from = 0, at = 0; from < count; at++) {
    const until = Math.min(count, from + (lengths[at] ?? count));
    const done = await bench.run(videoRecipe(film, [from, until], rungs), film.file);
    for (const report of done.result.rungs)
      parts.get(report.name)?.push({ report, path: done.path(report.object) });
    from = until;
  }
  return parts;
}

/** What must be true of every film, whatever it was made of. */
async function proveRung(film: Inspected, parts: Part[]): Promise<void> {
  const { timescale } = film.index;
  const origin = film.result.video?.origin ?? 0;
  const shown = film.times.map((time) => time - origin);
  shown[0] = 0;
  const whole = await concatenate(`${bench.folder}/whole-${Math.random()}.mp4`, parts);
  const { samples } = await withFile(whole, "r", readFragments);
  // Every frame of the source, at its own time, for as long as it stood on the screen.
  const sorted = samples.toSorted((a, b) => a.pts - b.pts);
  expect(sorted.map(({ pts }) => pts)).toEqual(shown);
  const ends = sorted.map((sample) => sample.pts + sample.duration);
  expect(ends.slice(0, -1)).toEqual(shown.slice(1));
  expect(ends.at(-1)).toBe(film.index.end - origin);
  // Segments tile the timeline, each starting with a keyframe at its boundary.
  const segments = parts.flatMap(({ report }) => report.segments);
  expect(segments.map(({ segment }) => segment)).toEqual(film.boundaries.slice(1).map((_, index) => index));
  segments.forEach((segment, index) => {
    expect(segment.start).toBe(index === 0 ? 0 : (film.boundaries[index] ?? 0) - origin);
    expect(segment.start + segment.duration).toBe((film.boundaries[index + 1] ?? 0) - origin);
    expect(samples.find(({ pts }) => pts === segment.start)?.sync).toBe(true);
  });
  expect(parts.every(({ report }) => report.timescale === timescale)).toBe(true);
  const inits = await Promise.all(parts.map(readInit));
  expect(inits.every((init) => init.equals(inits[0] ?? init))).toBe(true);
  // And a player that knows nothing of all this shows each frame once, without a complaint.
  const playlist = await writePlaylist(bench.folder, `list-${Math.random()}`, parts);
  const decoded = await decodeFrames(playlist);
  expect(decoded.errors).toBe("");
  expect(decoded.times).toHaveLength(shown.length);
  const length = (decoded.times.at(-1) ?? 0) - (decoded.times[0] ?? 0);
  expect(length).toBeCloseTo(((shown.at(-1) ?? 0) - (shown[0] ?? 0)) / timescale, 3);
}

test("rectangles of an even film with B-frames tile exactly, in every rung", async () => {
  const file = await makeFilm(bench.folder, "even.mp4", { seconds: 11, rate: "30000/1001", sound: false });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.variable).toBe(false);
  const parts = await encode(film, [1, 2, 1]);
  for (const rungParts of parts.values()) await proveRung(film, rungParts);
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
  for (const rungParts of (await encode(film, [1, 1, 2])).values()) await proveRung(film, rungParts);
});

test("a film of one frame is a segment", async () => {
  const file = await makeFilm(bench.folder, "one.mp4", { seconds: 1, rate: "1", sound: false });
  const film = await inspectFilm(bench, file);
  for (const rungParts of (await encode(film, [1])).values()) {
    expect(rungParts[0]?.report).toMatchObject({ frames: 1, segments: [{ segment: 0, start: 0 }] });
  }
});

test("what a rectangle must have is refused when it contradicts itself", async () => {
  const file = await makeFilm(bench.folder, "short.mp4", { seconds: 3, sound: false });
  const film = await inspectFilm(bench, file);
  const recipe = videoRecipe(film, [0, 1], [SMALL]);
  await expect(bench.run({ ...recipe, segments: [0, 2] }, file)).rejects.toMatchObject({ code: "refused" });
});

test("with an open end the last frame stays as long as the one before it", async () => {
  const file = await makeFilm(bench.folder, "open.mp4", { seconds: 3, sound: false });
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
