/** What is made beside a film: pictures for its timeline, texts, and what its sound looks like. */
import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openBench, type Bench } from "../testing/bench.ts";
import { inspectFilm, rung } from "../testing/cut.ts";
import { ffmpeg, makeFilm } from "../testing/footage.ts";
import { encodeFilm } from "../testing/proof.ts";
import { shiftCues } from "./cues.ts";
import { collectPeaks } from "./peaks.ts";
import { chooseKeyframes } from "./storyboard.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test("each picture of a storyboard is of its moment", async () => {
  // Two seconds of each colour: what is shown tells the time.
  const colours = ["red", "lime", "blue", "white", "black"];
  const inputs = colours.flatMap((colour) => ["-f", "lavfi", "-i", `color=${colour}:s=320x180:r=30:d=2`]);
  const file = `${bench.folder}/colours.mp4`;
  const join = ["-filter_complex", `concat=n=${colours.length}`, "-c:v", "libx264", "-preset", "ultrafast"];
  await ffmpeg(...inputs, ...join, file);
  const film = await inspectFilm(bench, file);
  const parts = (await encodeFilm(bench, film, [1, 2], [rung(320, 180)])).get("180") ?? [];
  const files = Object.fromEntries(parts.map(({ path }, at) => [`part-${at}.mp4`, path]));
  const video = parts.map(({ report: { init, segments } }, at) => {
    const ranges = segments.map(({ offset, length }): [number, number] => [offset, length]);
    return { input: `part-${at}.mp4`, init, ranges };
  });
  const layout = { interval: 2, tiles: 5, columns: 2, rows: 2, width: 64, height: 36 };
  const { result, path } = await bench.run({ kind: "storyboard", video, ...layout }, files);
  expect(result.sheets).toEqual([
    { object: "storyboard-0.jpg", width: 128, height: 72 },
    { object: "storyboard-1.jpg", width: 64, height: 36 },
  ]);
  const corner = async (sheet: number, left: number, top: number) => {
    const picture = sharp(path(`storyboard-${sheet}.jpg`)).extract({ left, top, width: 40, height: 20 });
    const { channels } = await sharp(await picture.png().toBuffer()).stats();
    return channels.map(({ mean }) => (mean > 128 ? 1 : 0)).join("");
  };
  const seen = [corner(0, 12, 8), corner(0, 76, 8), corner(0, 12, 44), corner(0, 76, 44), corner(1, 12, 8)];
  expect(await Promise.all(seen)).toEqual(["100", "010", "001", "111", "000"]);
});

test("a moment has the keyframe shown then", () => {
  expect(chooseKeyframes([0, 4.004, 8.008, 20], { tiles: 6, interval: 4 })).toEqual([0, 0, 1, 2, 2, 3]);
  expect(chooseKeyframes([0.5, 3.9995], { tiles: 2, interval: 4 })).toEqual([0, 1]);
});

const SUBTITLES = `1
00:00:01,000 --> 00:00:02,500
<i>Ready</i> & steady

2
00:00:03,000 --> 00:00:04,000
Go
twice
`;

test.each([
  // ffmpeg moves all of a Matroska file by the 21 ms that its sound begins early.
  ["film.mkv", "srt", 0.521],
  ["film.mp4", "mov_text", 0.5],
  ["styled.mkv", "ass", 0.521],
])("text in %s becomes WebVTT on the timeline", async (name, codec, origin) => {
  const words = `${bench.folder}/words.srt`;
  await writeFile(words, SUBTITLES);
  const flat = await makeFilm(bench.folder, "flat.mp4", { seconds: 5 });
  const file = `${bench.folder}/${name}`;
  await ffmpeg("-i", flat, "-i", words, "-map", "0", "-map", "1", "-c", "copy", "-c:s", codec, file);
  const { result, path } = await bench.run({ kind: "subtitle", stream: 2, origin }, file);
  expect(result.cues).toBe(2);
  const text = await readFile(path("text.vtt"), "utf8");
  expect(text).toMatch(/^WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n/);
  expect(text).toContain("00:00:02.500 --> 00:00:03.500\nGo\ntwice");
});

test("tracks that are no text are unsupported", async () => {
  const file = await makeFilm(bench.folder, "no-text.mp4", { seconds: 1 });
  for (const stream of [0, 7])
    await expect(bench.run({ kind: "subtitle", stream, origin: 0 }, file)).rejects.toMatchObject({
      code: "unsupported",
    });
  const pictures = `${bench.folder}/pictures.mkv`;
  const words = `${bench.folder}/words-1.srt`;
  await writeFile(words, SUBTITLES);
  const size = ["-f", "lavfi", "-i", "color=s=64x64:d=5"];
  await ffmpeg(...size, "-i", words, "-map", "0", "-map", "1", "-c:s", "srt", pictures);
  await expect(bench.run({ kind: "subtitle", stream: 1, origin: 100 }, pictures)).resolves.toMatchObject({
    result: { cues: 0 },
  });
});

test("cues are moved, and what is none is left out", () => {
  const source =
    "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE x\n\n00:01.000 --> 00:02.000 line:0\nGone\n\n" +
    "7\n59:59.500 --> 01:00:01.250 align:start\nLate\n\n00:05.000 --> 00:06.000\n\n";
  expect(shiftCues(source, 2.5)).toEqual({
    text: "WEBVTT\n\n00:59:57.000 --> 00:59:58.750\nLate\n",
    count: 1,
  });
  expect(shiftCues("WEBVTT\n", 0)).toEqual({ text: "WEBVTT\n", count: 0 });
});

const Waveform = z.object({ duration: z.number(), peaks: z.array(z.number().int().min(0).max(255)) });

test("a waveform shows where it is loud", async () => {
  const file = `${bench.folder}/swell.wav`;
  const loudness = "volume='if(lt(t,1),0,if(lt(t,2),0.5,1))':eval=frame";
  await ffmpeg("-f", "lavfi", "-i", "aevalsrc=sin(440*2*PI*t):s=48000:d=4", "-af", loudness, file);
  const { result, path } = await bench.run({ kind: "waveform", stream: 0, buckets: 40 }, file);
  const { duration, peaks } = Waveform.parse(JSON.parse(await readFile(path("waveform.json"), "utf8")));
  expect([result.duration, duration, peaks.length]).toEqual([4, 4, 40]);
  expect(Math.max(...peaks.slice(0, 9))).toBe(0);
  expect(peaks.slice(11, 19).every((peak) => Math.abs(peak - 128) < 8)).toBe(true);
  expect(peaks.slice(21).every((peak) => peak > 245)).toBe(true);
});

test("peaks of any length fit, and none is lost", () => {
  for (const count of [1, 3, 640, 641, 100_000]) {
    const peaks = collectPeaks(10);
    for (let at = 0; at < count; at++) peaks.add(at === count - 1 ? -32_768 : 0);
    const built = peaks.build();
    expect(built).toHaveLength(Math.min(10, count));
    expect(built.at(-1)).toBe(255);
    expect(Math.max(0, ...built.slice(0, -1))).toBe(0);
    expect(peaks.count()).toBe(count);
  }
});
