/** Sound in stretches: no packet lost, none twice, no step where two stretches meet. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFile } from "../ffmpeg/files.ts";
import { readFragments } from "../ffmpeg/samples.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { audioRecipe, inspectFilm, type Inspected } from "../testing/cut.ts";
import { decodeSound, ffmpeg, ffprobe, makeFilm, packetTimes } from "../testing/footage.ts";
import { concatenate, readInit, type Part } from "../testing/playlist.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const RATE = 48_000;
const TONE_HZ = 440;

async function makeTrack(film: Inspected, cuts: number[], at = 0): Promise<Part[]> {
  const parts: Part[] = [];
  const edges = [0, ...cuts, film.boundaries.length - 1];
  for (const [index, from] of edges.slice(0, -1).entries()) {
    const recipe = audioRecipe(film, [from, edges[index + 1] ?? from], at);
    const done = await bench.run(recipe, film.file);
    if (done.result.track === null) throw new Error("no track");
    parts.push({ report: done.result.track, path: done.path(done.result.track.object) });
  }
  return parts;
}

/** Tiles from `start`, every packet where the one before it ended. */
async function proveTiling(parts: Part[], start: number): Promise<string> {
  const path = await concatenate(`${bench.folder}/sound-${Math.random()}.mp4`, parts);
  const { samples, timescale } = await withFile(path, "r", readFragments);
  expect(samples[0]?.pts).toBe(start);
  samples.forEach((sample, index) => {
    const next = samples[index + 1];
    if (next !== undefined) expect(sample.pts + sample.duration).toBe(next.pts);
  });
  for (const { report } of parts) {
    expect(report.timescale).toBe(timescale);
    for (const segment of report.segments) expect(segment.length).toBeGreaterThan(0);
  }
  const inits = await Promise.all(parts.map(readInit));
  expect(inits.every((init) => init.equals(inits[0] ?? init))).toBe(true);
  return path;
}

/** The one sine that fits best, and the largest distance from it between two samples, in parts of its height. */
function fitSine(sound: Float32Array, from: number, to: number) {
  const step = (2 * Math.PI * TONE_HZ) / RATE;
  let [sine, cosine] = [0, 0];
  // A whole number of periods: the two are independent of each other.
  const count = Math.floor((to - from) / RATE) * RATE;
  for (let at = from; at < from + count; at++) {
    sine += ((sound[at] ?? 0) * Math.sin(step * at) * 2) / count;
    cosine += ((sound[at] ?? 0) * Math.cos(step * at) * 2) / count;
  }
  const height = Math.hypot(sine, cosine);
  return (first: number, last: number): number => {
    let worst = 0;
    for (let at = first; at < last; at++) {
      const ideal = sine * Math.sin(step * at) + cosine * Math.cos(step * at);
      worst = Math.max(worst, Math.abs((sound[at] ?? 0) - ideal));
    }
    return worst / height;
  };
}

test("AAC is copied packet by packet: all of them, once each", async () => {
  const file = await makeFilm(bench.folder, "aac.mp4", { seconds: 11 });
  const film = await inspectFilm(bench, file);
  expect(film.result.audio).toMatchObject([{ codec: "aac", copyable: true, sampleRate: RATE, channels: 1 }]);
  const parts = await makeTrack(film, [2, 3]);
  const path = await proveTiling(parts, 0);
  const source = (await packetTimes(file, "a:0")).filter((time) => time >= 0);
  expect(await packetTimes(path, "a:0")).toEqual(source);
});

test.each([
  ["opus.webm", ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"], ["-c:a", "libopus"]],
  ["vorbis.mkv", ["-c:v", "libx264", "-preset", "ultrafast"], ["-c:a", "libvorbis"]],
  ["mp3.mp4", ["-c:v", "libx264", "-preset", "ultrafast"], ["-c:a", "libmp3lame"]],
  ["pcm.mov", ["-c:v", "libx264", "-preset", "ultrafast"], ["-c:a", "pcm_s16le"]],
  ["dts.mkv", ["-c:v", "libx264", "-preset", "ultrafast"], ["-c:a", "dca", "-strict", "-2"]],
])("stretches of %s are encoded apart and join without a step", async (name, picture, sound) => {
  const file = await makeFilm(bench.folder, name, {
    seconds: 13,
    video: [...picture, "-g", "60"],
    audio: sound,
  });
  const film = await inspectFilm(bench, file);
  expect(film.result.audio[0]?.copyable).toBe(false);
  const parts = await makeTrack(film, [1, 3, 4]);
  const path = await proveTiling(parts, 0);
  const decoded = await decodeSound(path);
  const distance = fitSine(decoded, RATE, decoded.length - RATE);
  // One and the same tone throughout: in the middle of stretches and where they meet.
  for (const { report } of parts.slice(1)) {
    const join = report.segments[0]?.start ?? 0;
    expect(distance(join - 2_048, join + 2_048)).toBeLessThan(0.05);
  }
  expect(distance(RATE, decoded.length - RATE)).toBeLessThan(0.05);
});

test("sound that starts late or ends early is filled with silence", async () => {
  const file = await makeFilm(bench.folder, "late.mkv", {
    seconds: 9,
    audio: ["-af", "atrim=2:6", "-c:a", "libopus"],
    more: ["-copyts"],
  });
  const film = await inspectFilm(bench, file);
  const decoded = await decodeSound(await proveTiling(await makeTrack(film, [2]), 0));
  const loudness = (from: number, to: number) =>
    decoded.subarray(from * RATE, to * RATE).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  expect(loudness(0.2, 1.8)).toBeLessThan(0.001);
  expect(loudness(2.5, 5.5)).toBeGreaterThan(0.05);
  expect(loudness(6.3, 8.5)).toBeLessThan(0.001);
  // To the last boundary at least: no segment is without sound.
  expect(decoded.length / RATE).toBeGreaterThan(8);
});

test("where the sound is over long before, there is silence", async () => {
  const file = await makeFilm(bench.folder, "brief.mov", {
    seconds: 9,
    audio: ["-af", "atrim=0:1.5", "-c:a", "pcm_s16le"],
  });
  const film = await inspectFilm(bench, file);
  const decoded = await decodeSound(await proveTiling(await makeTrack(film, [1, 3]), 0));
  expect(decoded.length / RATE).toBeGreaterThan(8);
});

test("several tracks: each by its own stream; surround becomes stereo", async () => {
  const file = await makeFilm(bench.folder, "tracks.mkv", {
    seconds: 5,
    audio: ["-c:a:0", "aac", "-c:a:1", "ac3"],
    more: [
      ...["-map", "0:v", "-map", "1:a", "-map", "1:a", "-ac:a:1", "6"],
      ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
    ],
  });
  const film = await inspectFilm(bench, file);
  expect(film.result.audio).toMatchObject([
    { codec: "aac", language: "eng", copyable: true },
    { codec: "ac3", language: "deu", channels: 6, copyable: false },
  ]);
  const parts = await makeTrack(film, [1], 1);
  const path = await proveTiling(parts, 0);
  expect(await ffprobe("-show_entries", "stream=channels,codec_name", "-of", "csv=p=0", path)).toBe("aac,2");
  expect(parts[0]?.report.codecs).toBe("mp4a.40.2");
  await proveTiling(await makeTrack(film, [1], 0), 0);
});

test.each([
  ["sound.ogg", ["-c:a", "libvorbis"], "encode"],
  ["sound.aac", ["-c:a", "aac"], "copy"],
  ["sound.flac", ["-c:a", "flac", "-ar", "96000"], "encode"],
] as const)("%s becomes an m4a that starts with its index", async (name, codec, mode) => {
  const file = `${bench.folder}/${name}`;
  await ffmpeg("-f", "lavfi", "-i", "sine=440:r=48000:d=3", ...codec, "-metadata", "title=secret", file);
  const seen = await bench.run({ kind: "inspect", media: "audio" }, file);
  expect(seen.result).toMatchObject({ video: null, thumbnail: null, hashes: null });
  expect(seen.result.audio[0]?.copyable).toBe(mode === "copy");
  const done = await bench.run({ kind: "audio", purpose: "download", stream: 0, mode }, file);
  expect(done.result.download?.duration).toBeCloseTo(3, 0);
  const made = done.path("audio.m4a");
  const entries = "stream=codec_name,sample_rate:format_tags";
  const facts = await ffprobe("-show_entries", entries, "-of", "csv=p=0", made);
  expect(facts).toMatch(/^aac,48000/);
  expect(facts).not.toContain("secret");
});
