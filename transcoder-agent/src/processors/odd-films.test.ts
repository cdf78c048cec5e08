/** Films as people have them: turned, odd, squeezed, interlaced, deep, broken. Each is shown as it should be. */
import { readFile, truncate, stat } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type Bench } from "../testing/bench.ts";
import { audioRecipe, inspectFilm, rung } from "../testing/cut.ts";
import { ffmpeg, ffprobe, makeFilm } from "../testing/footage.ts";
import { encodeFilm, proveRung } from "../testing/proof.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const X264 = ["-c:v", "libx264", "-preset", "ultrafast"];

/** Size and sample aspect as a player sees them. */
async function shape(path: string): Promise<string> {
  const entries = "stream=width,height,sample_aspect_ratio,pix_fmt,field_order";
  return ffprobe("-select_streams", "v:0", "-show_entries", entries, "-of", "csv=p=0", path);
}

test("a phone's film stands upright", async () => {
  const flat = await makeFilm(bench.folder, "flat.mp4", { seconds: 5, sound: false });
  const file = `${bench.folder}/turned.mp4`;
  await ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", file);
  const film = await inspectFilm(bench, file);
  expect(film.result.video).toMatchObject({ width: 180, height: 320 });
  const parts = await encodeFilm(bench, film, [1], [rung(180, 320), rung(90, 160)]);
  for (const list of parts.values()) await proveRung(bench, film, list);
  expect(await shape(parts.get("180")?.[0]?.path ?? "")).toMatch(/^180,320,1:1/);
  const stills = await bench.run({ kind: "stills" }, file);
  const poster = await sharp(stills.path("poster.jpg")).metadata();
  expect([poster.width, poster.height]).toEqual([180, 320]);
});

test("a film that was trimmed without encoding begins where it was trimmed, not at the next keyframe", async () => {
  const whole = await makeFilm(bench.folder, "whole.mp4", {
    seconds: 9,
    video: [...X264, "-bf", "2", "-g", "90"],
  });
  const file = `${bench.folder}/trimmed.mp4`;
  await ffmpeg("-ss", "1.5", "-i", whole, "-c", "copy", file);
  const film = await inspectFilm(bench, file);
  const shown = await ffprobe(
    "-count_frames",
    "-select_streams",
    "v:0",
    "-show_entries",
    "stream=nb_read_frames",
    "-of",
    "csv=p=0",
    file,
  );
  expect(film.times).toHaveLength(Number(shown));
  for (const list of (await encodeFilm(bench, film, [1, 2], [rung(160, 90)])).values())
    await proveRung(bench, film, list);
});

test("a film whose decoder cannot skip to keyframes has a poster", async () => {
  const video = ["-c:v", "libtheora", "-g", "50"];
  const file = await makeFilm(bench.folder, "unskippable.ogv", { seconds: 4, sound: false, video });
  expect((await bench.run({ kind: "stills" }, file)).products.has("poster.jpg")).toBe(true);
});

test("odd sides become even, oblong pixels square", async () => {
  const odd = await makeFilm(bench.folder, "odd.mkv", {
    seconds: 3,
    sound: false,
    video: ["-c:v", "ffv1"],
    filter: "format=yuv444p,scale=321:181,setsar=1",
  });
  const film = await inspectFilm(bench, odd);
  expect(film.result.video).toMatchObject({ width: 320, height: 180 });
  for (const list of (await encodeFilm(bench, film, [1], [rung(320, 180)])).values())
    await proveRung(bench, film, list);
  const squeezed = await makeFilm(bench.folder, "pal.mp4", {
    seconds: 3,
    size: "360x288",
    rate: "25",
    sound: false,
    filter: "setsar=16/11",
  });
  const pal = await inspectFilm(bench, squeezed);
  expect(pal.result.video).toMatchObject({ width: 524, height: 288, traits: { anamorphic: true } });
  const parts = await encodeFilm(bench, pal, [1], [rung(524, 288)]);
  expect(await shape(parts.get("288")?.[0]?.path ?? "")).toMatch(/^524,288,1:1/);
  for (const list of parts.values()) await proveRung(bench, pal, list);
});

test("interlaced film is woven together, frame by frame", async () => {
  const file = await makeFilm(bench.folder, "fields.mp4", {
    seconds: 5,
    rate: "25",
    sound: false,
    video: [...X264, "-flags", "+ilme+ildct", "-x264opts", "tff=1"],
    filter: "setfield=tff",
  });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.interlaced).toBe(true);
  const parts = await encodeFilm(bench, film, [1], [rung(320, 180), rung(214, 120)]);
  for (const list of parts.values()) await proveRung(bench, film, list);
  expect(await shape(parts.get("180")?.[0]?.path ?? "")).toContain("progressive");
});

test.each([
  ["hdr10", "smpte2084", "pq"],
  ["hlg", "arib-std-b67", "hlg"],
])("ten bits and %s come out as eight plain ones", async (name, transfer, trait) => {
  const file = await makeFilm(bench.folder, `${name}.mp4`, {
    seconds: 3,
    sound: false,
    filter: "format=yuv420p10le",
    video: [...X264, "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_primaries", "bt2020"],
  });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.transfer).toBe(trait);
  const parts = await encodeFilm(bench, film, [1], [rung(320, 180), rung(214, 120)]);
  for (const list of parts.values()) {
    await proveRung(bench, film, list);
    const entries = "stream=pix_fmt,color_transfer,profile";
    const facts = await ffprobe("-show_entries", entries, "-of", "csv=p=0", list[0]?.path ?? "");
    expect(facts).toBe("High,yuv420p,bt709");
  }
});

test.each([
  ["film.avi", ["-c:v", "mpeg4", "-bf", "2", "-g", "250", "-c:a", "libmp3lame"], "mp4"],
  ["film.ts", [...X264, "-bf", "2", "-g", "300", "-c:a", "aac"], "mp4"],
  ["film.flv", [...X264, "-c:a", "aac"], "mp4"],
  ["film.mpg", ["-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2"], "mp4"],
  ["raw.avi", ["-c:v", "mjpeg", "-c:a", "pcm_s16le"], "matroska"],
  ["film.ogv", ["-c:v", "libtheora", "-c:a", "libvorbis"], "matroska"],
  ["film.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"], null],
  ["film.mov", [...X264, "-g", "60", "-c:a", "pcm_s16le"], null],
  ["film.wmv", ["-c:v", "wmv2", "-c:a", "wmav2"], "matroska"],
])("%s keeps all its frames", async (name, codecs, remux) => {
  const file = await makeFilm(bench.folder, name, { seconds: 7, rate: "25", video: codecs, audio: [] });
  const film = await inspectFilm(bench, file);
  expect(film.result.video?.traits.remux).toBe(remux);
  expect(film.result.video?.frames).toBe(175);
  expect(film.result.duration).toBeCloseTo(7, 0);
  const parts = await encodeFilm(bench, film, [1, 1], [rung(320, 180)]);
  for (const list of parts.values()) await proveRung(bench, film, list);
  const sound = await bench.run(audioRecipe(film, [0, film.boundaries.length - 1]), file);
  expect(sound.result.track?.segments).toHaveLength(film.boundaries.length - 1);
});

test("a film that breaks off is what is there", async () => {
  const whole = await makeFilm(bench.folder, "cut.mp4", { seconds: 12, more: ["-movflags", "+faststart"] });
  await truncate(whole, Math.round((await stat(whole)).size * 0.5));
  const film = await inspectFilm(bench, whole);
  expect(film.result.duration).toBeGreaterThan(3);
  expect(film.result.duration).toBeLessThan(9);
  const parts = await encodeFilm(bench, film, [1, 1], [rung(320, 180)]);
  for (const list of parts.values()) await proveRung(bench, film, list);
});

test("cover art is not the film, and is the sound's thumbnail", async () => {
  const picture = `${bench.folder}/cover.png`;
  await sharp({ create: { width: 400, height: 300, channels: 3, background: "#c33" } })
    .png()
    .toFile(picture);
  const song = `${bench.folder}/song.mp3`;
  await ffmpeg(
    ...["-f", "lavfi", "-i", "sine=440:d=3", "-i", picture, "-map", "0", "-map", "1", "-c:v", "copy"],
    ...["-c:a", "libmp3lame", "-disposition:v", "attached_pic", song],
  );
  for (const media of ["audio", "video"] as const) {
    const { result, path } = await bench.run({ kind: "inspect", media }, song);
    expect(result.video).toBeNull();
    expect(result.thumbnail).toMatchObject({ width: 320, height: 240 });
    expect(result.hashes?.blurhash).toHaveLength(28);
    expect((await sharp(path("thumbnail.webp")).stats()).dominant.r).toBeGreaterThan(150);
  }
  expect((await bench.run({ kind: "stills" }, song)).result).toEqual({ kind: "stills", pictures: null });
});

test("the poster is not the black at the beginning", async () => {
  const file = await makeFilm(bench.folder, "dark.mp4", {
    seconds: 10,
    sound: false,
    filter: "drawbox=c=black:t=fill:enable='lt(t,2)'",
    video: [...X264, "-g", "30"],
  });
  const { result, path } = await bench.run({ kind: "stills" }, file);
  const { channels } = await sharp(await readFile(path("poster.jpg"))).stats();
  expect(Math.max(...channels.map(({ mean }) => mean))).toBeGreaterThan(60);
  expect(result.pictures).toMatchObject({
    poster: { object: "poster.jpg", width: 320, height: 180 },
    thumbnail: { object: "thumbnail.webp", width: 320, height: 180 },
  });
});
