/** The part of planning that tests of processors need: boundaries from a frame index, and recipes from those. */
import { readFile } from "node:fs/promises";
import { FrameIndex, type AudioTrackRecipe, type InspectResult, type VideoRecipe } from "../protocol.ts";
import type { Bench, Done } from "./bench.ts";

export interface Inspected extends Done<InspectResult> {
  file: string;
  index: FrameIndex;
  /** Source ticks. */
  times: number[];
  boundaries: number[];
}

/** Inspects a film and cuts it at the first frame (or usable keyframe) at or after every `seconds`. */
export async function inspectFilm(
  bench: Bench,
  file: string,
  seconds = 2,
  cutAt: "frames" | "keyframes" = "frames",
): Promise<Inspected> {
  const done = await bench.run({ kind: "inspect", media: "video" }, file);
  const index = await readIndex(bench, done, file);
  const times = [index.start];
  for (const [delta, count] of index.runs)
    for (let left = count; left > 0; left--) times.push((times.at(-1) ?? 0) + delta);
  const boundaries = [index.start];
  for (const time of cutAt === "frames" ? times : index.keyframes)
    if (time >= (boundaries.at(-1) ?? 0) + seconds * index.timescale) boundaries.push(time);
  return { ...done, file, index, times, boundaries: [...boundaries, index.end] };
}

/** From the inspection, or from the job that follows where it had none. */
async function readIndex(bench: Bench, done: Done<InspectResult>, file: string): Promise<FrameIndex> {
  const { video } = done.result;
  if (video === null) throw new Error("no film");
  const { stream, traits } = video;
  const from =
    video.index === null ? await bench.run({ kind: "index", stream, remux: traits.remux }, file) : done;
  return FrameIndex.parse(JSON.parse(await readFile(from.path("index.json"), "utf8")));
}

export function videoRecipe(
  film: Inspected,
  segments: [number, number],
  rungs: VideoRecipe["rungs"],
): VideoRecipe {
  const { video } = film.result;
  if (video === null) throw new Error("no film");
  const { stream, codec, traits } = video;
  const start = film.boundaries[segments[0]] ?? film.index.start;
  const keyframe = film.index.keyframes.findLast((time) => time <= start);
  const preroll = keyframe === undefined ? {} : { preroll: start - keyframe };
  return { kind: "video", ...stretch(film, segments), stream, codec, traits, ...preroll, rungs };
}

export function audioRecipe(film: Inspected, segments: [number, number], at = 0): AudioTrackRecipe {
  const sound = film.result.audio[at];
  if (sound === undefined || film.result.video === null) throw new Error("no sound");
  const cut = stretch(film, segments);
  if (segments[0] === 0) cut.boundaries[0] = cut.origin;
  // Sound may go on a little after the last frame.
  if (segments[1] === film.boundaries.length - 1) cut.boundaries[cut.boundaries.length - 1] = null;
  return {
    kind: "audio",
    purpose: "track",
    ...cut,
    name: `audio-${at}`,
    stream: sound.stream,
    mode: sound.copyable ? "copy" : "encode",
    remux: film.result.video.traits.remux,
    sampleRate: sound.copyable ? sound.sampleRate : 48_000,
  };
}

function stretch(film: Inspected, segments: [number, number]) {
  const boundaries: (number | null)[] = film.boundaries.slice(segments[0], segments[1] + 1);
  const origin = film.result.video?.origin ?? 0;
  return { plan: "plan", timescale: film.index.timescale, origin, segments, boundaries };
}

export function rung(
  width: number,
  height: number,
  mode: "encode" | "copy" = "encode",
): VideoRecipe["rungs"][number] {
  return {
    name: String(Math.max(10, Math.min(width, height))),
    mode,
    width,
    height,
    ceiling: 1_000_000,
  };
}
