/** The proof of rectangles, for every kind of film: all frames, at their times, without a seam. */
import { expect } from "vitest";
import { withFile } from "../ffmpeg/files.ts";
import { readFragments } from "../ffmpeg/samples.ts";
import type { VideoRecipe } from "../protocol.ts";
import type { Bench } from "./bench.ts";
import { videoRecipe, type Inspected } from "./cut.ts";
import { decodeFrames } from "./footage.ts";
import { concatenate, readInit, writePlaylist, type Part } from "./playlist.ts";

/** Encodes the film in rectangles of these lengths; answers the parts of each rung. */
export async function encodeFilm(
  bench: Bench,
  film: Inspected,
  lengths: number[],
  rungs: VideoRecipe["rungs"],
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

/** H.264's level 3.2, times ten: more than any of these small films needs, and all that some devices decode. */
const HIGHEST_LEVEL = 32;

/** What must be true of every film, whatever it was made of. */
export async function proveRung(bench: Bench, film: Inspected, parts: Part[]): Promise<void> {
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
  // An encoder that takes the clock's ticks for frames claims a level far above.
  for (const { report } of parts)
    expect(Number.parseInt(report.codecs.slice(-2), 16)).toBeLessThanOrEqual(HIGHEST_LEVEL);
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
