/** The whole of it as a viewer meets it: several rungs and sound, made apart by unlike encoders, in a browser. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Encoder } from "../ffmpeg/encoders.ts";
import { SOFTWARE } from "../ffmpeg/h264.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { playInBrowser } from "../testing/browser.ts";
import { audioRecipe, inspectFilm, rung, videoRecipe } from "../testing/cut.ts";
import { decodeFrames, decodeSound, makeFilm } from "../testing/footage.ts";
import { writePlaylist, type Part } from "../testing/playlist.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Stands for another vendor's: no B-frames, other parameter sets. */
const OTHER: Encoder = {
  ...SOFTWARE,
  name: "other",
  options: (limits) => [...SOFTWARE.options({ ...limits, reorder: false }), "-preset", "ultrafast"],
};
/** And one that sends pictures further out of order. */
const DEEP: Encoder = {
  ...SOFTWARE,
  name: "deep",
  options: (limits) => [
    ...SOFTWARE.options(limits),
    ...(limits.reorder ? ["-bf", "5", "-b-pyramid", "normal"] : []),
  ],
};
const RUNGS = [rung(214, 120), rung(320, 180)];

const COPIED = [rung(214, 120), rung(320, 180, "copy")];

async function makeMaster(
  name: string,
  file: string,
  rungs = RUNGS,
): Promise<{ folder: string; lists: string[]; seconds: number; frames: number }> {
  const film = await inspectFilm(bench, file, 2, rungs === COPIED ? "keyframes" : "frames");
  const count = film.boundaries.length - 1;
  const tracks = new Map<string, Part[]>();
  const add = (part: Part) => tracks.set(part.report.name, [...(tracks.get(part.report.name) ?? []), part]);
  const cuts: [number, number, Encoder][] = [
    [2, 3, OTHER],
    [0, 1, SOFTWARE],
    [3, count, DEEP],
    [1, 2, DEEP],
  ];
  for (const [from, until, encoder] of cuts) {
    const done = await bench.run(videoRecipe(film, [from, until], rungs), file, { encoders: [encoder] });
    for (const report of done.result.rungs) add({ report, path: done.path(report.object) });
    const sound = await bench.run(audioRecipe(film, [from, until]), file);
    if (sound.result.track !== null)
      add({ report: sound.result.track, path: sound.path(sound.result.track.object) });
  }
  const lists: string[] = [];
  for (const [track, parts] of tracks)
    lists.push(await writePlaylist(bench.folder, `${name}-${track}`, parts));
  const variants = rungs.flatMap(({ name: height, width, height: high }) => [
    `#EXT-X-STREAM-INF:BANDWIDTH=1000000,RESOLUTION=${width}x${high},CODECS="avc1.640015,mp4a.40.2",AUDIO="sound"`,
    `${name}-${height}.m3u8`,
  ]);
  const sound = `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="a",DEFAULT=YES,URI="${name}-audio-0.m3u8"`;
  await writeFile(join(bench.folder, `${name}.m3u8`), ["#EXTM3U", sound, ...variants, ""].join("\n"));
  return { folder: bench.folder, lists, seconds: film.result.duration, frames: film.times.length };
}

test.each([
  ["an even film with copied sound", "even", "mp4", undefined, ["-c:a", "aac"]],
  [
    "a film that stands still, with encoded sound",
    "still",
    "mkv",
    "select='lt(t,2)+between(t,6,8)+gt(t,8)*not(mod(n,3))'",
    ["-c:a", "libopus"],
  ],
])("%s plays from 0 to its end without a hole", async (_, name, container, filter, audio) => {
  const file = await makeFilm(bench.folder, `${name}.${container}`, {
    seconds: 11,
    audio,
    ...(filter === undefined ? {} : { filter, more: ["-fps_mode", "vfr"] }),
  });
  const made = await makeMaster(name, file);
  for (const list of made.lists) {
    if (list.includes("audio")) {
      expect((await decodeSound(list)).length / 48_000).toBeCloseTo(made.seconds, 0);
      continue;
    }
    const decoded = await decodeFrames(list);
    expect(decoded).toMatchObject({ errors: "" });
    expect(decoded.times).toHaveLength(made.frames);
  }
  const seen = await playInBrowser(made.folder, `${name}.m3u8`);
  expect(seen).toMatchObject({ ended: true, errors: [] });
  expect(seen.buffered).toHaveLength(1);
  expect(seen.buffered[0]?.[0]).toBe(0);
  // The last packet of sound may go on for a moment after the last frame.
  expect(Math.abs((seen.buffered[0]?.[1] ?? 0) - made.seconds)).toBeLessThan(0.1);
  expect(Math.abs(seen.duration - made.seconds)).toBeLessThan(0.1);
  expect(seen.frames).toBe(made.frames);
});

test("a copied rung and encoded ones switch at every segment without a hole", async () => {
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "45"];
  const file = await makeFilm(bench.folder, "copied.mp4", { seconds: 13, rate: "30000/1001", video });
  const made = await makeMaster("copied", file, COPIED);
  const seen = await playInBrowser(made.folder, "copied.m3u8", true);
  expect(seen).toMatchObject({ ended: true, errors: [], levels: 2 });
  expect(seen.buffered).toHaveLength(1);
  expect(seen.buffered[0]?.[0]).toBe(0);
  expect(Math.abs((seen.buffered[0]?.[1] ?? 0) - made.seconds)).toBeLessThan(0.1);
  expect(seen.frames).toBe(made.frames);
});
