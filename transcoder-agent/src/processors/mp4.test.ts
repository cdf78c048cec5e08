/** The download: every frame and every packet of the pieces, at its time, in a file that starts with its index. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Mp4Recipe, Piece } from "../protocol.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { audioRecipe, inspectFilm, rung, type Inspected } from "../testing/cut.ts";
import { decodeFrames, ffprobe, makeFilm, packetTimes } from "../testing/footage.ts";
import { encodeFilm } from "../testing/proof.ts";
import type { Part } from "../testing/playlist.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const RUNG = rung(320, 180);

/** Names the parts' objects as inputs and asks for all their segments. */
function pieces(parts: Part[], prefix: string, inputs: Record<string, string>): Piece[] {
  return parts.map(({ report, path }, index) => {
    const input = `${prefix}-${index}.mp4`;
    inputs[input] = path;
    return {
      input,
      init: report.init,
      ranges: report.segments.map(({ offset, length }): [number, number] => [offset, length]),
    };
  });
}

async function prepare(film: Inspected): Promise<{ recipe: Mp4Recipe; inputs: Record<string, string> }> {
  const inputs: Record<string, string> = {};
  const video = (await encodeFilm(bench, film, [1, 2], [RUNG])).get(RUNG.name) ?? [];
  const audio: Part[] = [];
  const count = film.boundaries.length - 1;
  for (const segments of [[0, 2] as const, [2, count] as const]) {
    if (film.result.audio.length === 0) continue;
    const done = await bench.run(audioRecipe(film, [...segments]), film.file);
    if (done.result.track !== null)
      audio.push({ report: done.result.track, path: done.path(done.result.track.object) });
  }
  const recipe: Mp4Recipe = {
    kind: "mp4",
    video: pieces(video, "video", inputs),
    audio: pieces(audio, "audio", inputs),
    frames: film.result.video?.frames ?? 0,
    duration: film.result.duration,
  };
  return { recipe, inputs };
}

test.each([
  ["even film with B-frames", "even.mp4", undefined],
  ["film that stands still", "still.mp4", "select='lt(t,2)+gt(t,6)*not(mod(n,3))'"],
])("%s: exact times, sound in step", async (_, name, filter) => {
  const uneven = ["-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"];
  const file = await makeFilm(bench.folder, name, {
    seconds: 11,
    ...(filter === undefined ? {} : { filter, more: uneven }),
  });
  const film = await inspectFilm(bench, file);
  const { recipe, inputs } = await prepare(film);
  const { result, path } = await bench.run(recipe, inputs);
  const made = path("video.mp4");
  expect(result).toMatchObject({ width: 320, height: 180, frames: film.times.length });
  expect(result.duration).toBeCloseTo(film.result.duration, 6);
  expect(await packetTimes(made)).toEqual(film.times);
  expect(await packetTimes(made, "a:0")).toEqual(
    (await packetTimes(file, "a:0")).filter((time) => time >= 0),
  );
  const decoded = await decodeFrames(made);
  expect(decoded.errors).toBe("");
  expect(decoded.times[0]).toBe(0);
  expect(await ffprobe("-show_entries", "stream=codec_name,start_time", "-of", "csv=p=0", made)).toBe(
    "h264,0.000000\naac,0.000000",
  );
  const bytes = await readFile(made);
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  expect(bytes.includes("Lavf")).toBe(false);
});

test("a silent film joins without sound; a missing piece is noticed", async () => {
  const file = await makeFilm(bench.folder, "silent.mp4", { seconds: 7, sound: false });
  const { recipe, inputs } = await prepare(await inspectFilm(bench, file));
  const { result } = await bench.run(recipe, inputs);
  expect(result.frames).toBe(210);
  const short = { ...recipe, video: recipe.video.slice(0, -1) };
  await expect(bench.run(short, inputs)).rejects.toMatchObject({ code: "incomplete" });
});
