/** What the tables of a film say is what its demuxer says, for every kind of film we can make. */
import { truncate, stat } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { probeFile } from "../ffmpeg/probe.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { ffmpeg, makeFilm } from "../testing/footage.ts";
import { serveFile } from "../testing/loopback.ts";
import { findHead } from "./film-head.ts";
import { demuxTimes, headTimes, tabulateTimes, type Film, type FilmTimes } from "./film-times.ts";
import { openReadable } from "./readable.ts";
import { findFilm } from "./shape.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const signal = new AbortController().signal;

async function withFilm<T>(file: string, use: (film: Film) => Promise<T>): Promise<T> {
  const source = await serveFile(file);
  try {
    const probed = await probeFile(source.url);
    const readable = await openReadable(source, null);
    const sounds = probed.streams.filter(({ codec_type: type }) => type === "audio");
    return await use({ readable, probed, position: findFilm(probed)?.index ?? 0, sounds });
  } finally {
    await source.close();
  }
}

/** Also what followed sounds came to: where they start, and whether they have holes. */
function summary(film: Film, times: FilmTimes | null) {
  if (times === null) return null;
  const { sounds, ...rest } = times;
  const ends = [rest.origin, rest.index.end].map((ticks) => ticks / rest.index.timescale);
  const heard = [...sounds].map(([index, packets]) => [
    index,
    packets.start(),
    // Holes matter only to what may be copied.
    film.probed.streams[index]?.codec_name === "aac" && packets.covers(ends[0] ?? 0, ends[1] ?? 0),
  ]);
  return { ...rest, heard };
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast"];
const VFR = ["-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"];
const STILL = "select='lt(t,2)+between(t,6,8)+gt(t,8)*not(mod(n,3))'";

const FILMS: [name: string, wish: Omit<Parameters<typeof makeFilm>[2], "seconds">][] = [
  ["b-frames.mp4", { rate: "30000/1001" }],
  ["faststart.mp4", { more: ["-movflags", "+faststart"] }],
  ["deep.mp4", { video: [...X264, "-bf", "5", "-b-pyramid", "normal", "-g", "60"] }],
  ["open.mp4", { video: [...X264, "-bf", "3", "-g", "48", "-x264opts", "open-gop=1"] }],
  ["plain.mov", { video: [...X264, "-bf", "0", "-g", "30"], audio: ["-c:a", "pcm_s16le"] }],
  ["negative.mp4", { more: ["-movflags", "+negative_cts_offsets"] }],
  ["without-edits.mp4", { more: ["-use_editlist", "0"] }],
  ["hevc.mp4", { video: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"] }],
  ["av1.mp4", { size: "160x90", video: ["-c:v", "libsvtav1", "-preset", "12"] }],
  ["mpeg4.mp4", { video: ["-c:v", "mpeg4", "-bf", "2"] }],
  ["prores.mov", { size: "160x90", video: ["-c:v", "prores"] }],
  ["mjpeg.mov", { video: ["-c:v", "mjpeg"] }],
  ["silent.mp4", { sound: false }],
];

test.each(FILMS)("%s: the tables say what the demuxer says", async (name, wish) => {
  const file = await makeFilm(bench.folder, name, { seconds: 11, ...wish });
  await withFilm(file, async (film) => {
    const tabled = await tabulateTimes(film);
    expect(tabled).not.toBeNull();
    expect(summary(film, tabled)).toEqual(summary(film, await demuxTimes(film, signal)));
  });
});

test("of an uneven film the tables know even how long the last frame stays", async () => {
  const file = await makeFilm(bench.folder, "uneven.mp4", { seconds: 11, filter: STILL, more: VFR });
  await withFilm(file, async (film) => {
    const [tabled, demuxed] = [await tabulateTimes(film), await demuxTimes(film, signal)];
    expect(tabled?.index).toEqual({ ...demuxed.index, end: 11 * 90_000 });
    expect(demuxed.index.end).toBeLessThanOrEqual(11 * 90_000);
  });
});

test("a film that starts later than its sound, and one whose sound is late", async () => {
  const film = await makeFilm(bench.folder, "late-source.mp4", { seconds: 6 });
  for (const [name, delay] of [
    ["late.mp4", ["-itsoffset", "0.7", "-i", film, "-i", film, "-map", "0:v", "-map", "1:a"]],
    ["early.mp4", ["-i", film, "-itsoffset", "0.7", "-i", film, "-map", "0:v", "-map", "1:a"]],
  ] as const) {
    const file = `${bench.folder}/${name}`;
    await ffmpeg(...delay, "-c", "copy", file);
    await withFilm(file, async (late) => {
      expect(summary(late, await tabulateTimes(late))).toEqual(summary(late, await demuxTimes(late, signal)));
    });
  }
});

test("what is unusual is left to the demuxer, or says the same", async () => {
  const film = await makeFilm(bench.folder, "usual.mp4", { seconds: 8, video: [...X264, "-g", "60"] });
  const made: [string, string[]][] = [
    ["fragmented.mp4", ["-movflags", "+frag_keyframe+empty_moov"]],
    ["trimmed.mp4", ["-ss", "2.6"]],
    ["cut.mp4", ["-t", "5"]],
  ];
  for (const [name, options] of made) {
    const file = `${bench.folder}/${name}`;
    await ffmpeg(...(name === "trimmed.mp4" ? options : []), "-i", film, "-c", "copy", ...options, file);
    await withFilm(file, async (odd) => {
      const tabled = await tabulateTimes(odd);
      if (tabled !== null) expect(summary(odd, tabled)).toEqual(summary(odd, await demuxTimes(odd, signal)));
      if (name === "fragmented.mp4") expect(tabled).toBeNull();
    });
  }
});

test("a film that breaks off has not what its tables promise", async () => {
  const file = await makeFilm(bench.folder, "broken.mp4", { seconds: 8, more: ["-movflags", "+faststart"] });
  await truncate(file, Math.round((await stat(file)).size * 0.6));
  await withFilm(file, async (film) => expect(await tabulateTimes(film)).toBeNull());
});

test.each([
  ["even.mkv", {}],
  ["keyed.mkv", { video: [...X264, "-bf", "2", "-g", "60"] }],
  ["uneven.mkv", { filter: STILL, more: ["-fps_mode", "vfr"] }],
  [
    "film.webm",
    { size: "160x90", video: ["-c:v", "libvpx-vp9", "-cpu-used", "8"], audio: ["-c:a", "libopus"] },
  ],
])("the head of %s is that of its whole index", async (name, wish) => {
  const file = await makeFilm(bench.folder, name, { seconds: 14, ...wish });
  await withFilm(file, async (film) => {
    expect(await tabulateTimes(film)).toBeNull();
    const whole = await demuxTimes(film, signal);
    const early = await headTimes(film, signal);
    expect(early).toEqual({ head: findHead(whole.index), origin: whole.origin });
    expect(early?.head).toMatchObject({ timescale: 1_000, start: whole.index.start });
  });
});
