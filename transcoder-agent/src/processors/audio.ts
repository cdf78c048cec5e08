/**
 * Sound: a stretch of a track (packets copied, or encoded onto the track's global grid), or the download of a
 * file that browsers do not play. A packet belongs to the segment in which it starts.
 */
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { copyStretch, encodeStretch, makeDownload } from "../ffmpeg/audio-arguments.ts";
import { cutAudio } from "../ffmpeg/cuts.ts";
import { rewriteFragments } from "../ffmpeg/fragments.ts";
import { probeFile } from "../ffmpeg/probe.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { AudioDownloadRecipe, AudioRecipe, AudioResult, AudioTrackRecipe } from "../protocol.ts";
import { BEFORE_ALL_SOUND, planStretch, type GridStretch } from "./audio-grid.ts";
import type { JobContext, Processor } from "./processor.ts";
import { openReadable, type Readable } from "./readable.ts";
import { LandedLate, readFromBefore } from "./seeking.ts";
import { readAnchor, toAnchor } from "./sound.ts";
import { checkStretch, fractionOf } from "./stretch.ts";

export const audio: Processor<AudioRecipe> = async (recipe, context) =>
  recipe.purpose === "track"
    ? { kind: "audio", track: await makeTrack(recipe, context), download: null }
    : { kind: "audio", track: null, download: await makeFile(recipe, context) };

async function makeTrack(recipe: AudioTrackRecipe, context: JobContext): Promise<AudioResult["track"]> {
  checkStretch(recipe);
  const readable = await openReadable(await context.source(), recipe.remux, context);
  const grid = planStretch(recipe);
  const raw = join(context.workspace, `${recipe.name}.raw.mp4`);
  const object = `${recipe.name}.mp4`;
  const made = join(context.workspace, object);
  const report =
    recipe.mode === "copy"
      ? await copyTrack(recipe, grid, readable, raw, made, context)
      : await encodeTrack(recipe, grid, readable, raw, made, context);
  context.deliver({ name: object, type: "audio/mp4", path: made });
  return { name: recipe.name, object, ...report };
}

async function copyTrack(
  recipe: AudioTrackRecipe,
  grid: GridStretch,
  readable: Readable,
  raw: string,
  made: string,
  context: JobContext,
) {
  const [start, origin] = [(recipe.boundaries[0] ?? 0) / recipe.timescale, recipe.origin / recipe.timescale];
  const until = grid.copyUntil;
  const stream = readable.stream(recipe.stream);
  const anchor = await readAnchor(readable.url, stream, context.signal);
  return readFromBefore(start, origin, async (from) => {
    await runFfmpeg(copyStretch({ url: readable.url, stream, from, until, path: raw }), {
      signal: context.signal,
      onProgress: ({ seconds }) => context.progress(fractionOf(recipe, seconds)),
    });
    return rewriteFragments(raw, made, (samples, timescale) => {
      const shift = Math.round((recipe.origin * timescale) / recipe.timescale);
      const moved = samples.map((sample) => {
        const pts = anchor === null ? sample.pts : toAnchor(sample.pts, anchor, timescale);
        return { ...sample, pts: pts - shift };
      });
      const edge = ((recipe.boundaries[0] ?? 0) - recipe.origin) * (timescale / recipe.timescale);
      if (from !== null && (moved[0]?.pts ?? Infinity) > edge)
        throw new LandedLate("the first packet is missing");
      return cutAudio(moved, grid.edgesAt(timescale), recipe.segments[0]);
    });
  });
}

async function encodeTrack(
  recipe: AudioTrackRecipe,
  grid: GridStretch,
  readable: Readable,
  raw: string,
  made: string,
  context: JobContext,
) {
  const stream = readable.stream(recipe.stream);
  // Where times are rounded, all stretches count from the same beginning, or they would join with a step.
  const rounded = (await readAnchor(readable.url, stream, context.signal)) !== null;
  const attempt = async (from: number | null) => {
    const base = from === null ? BEFORE_ALL_SOUND : grid.first;
    await runFfmpeg(encodeStretch({ ...recipe, ...grid, url: readable.url, stream, path: raw, from, base }), {
      signal: context.signal,
      onProgress: ({ seconds }) => context.progress(fractionOf(recipe, seconds)),
    });
    return rewriteFragments(raw, made, (samples, timescale) => {
      const last = samples.at(-1);
      if ((last?.pts ?? 0) + (last?.duration ?? 0) < grid.needed)
        throw new JobError("incomplete", "The sound ends before its stretch does.");
      return cutAudio(samples, grid.edgesAt(timescale), recipe.segments[0]);
    });
  };
  try {
    return await attempt(rounded ? null : grid.readFrom);
  } catch (error) {
    // Who starts behind the end of the sound hears nothing, not even where he is.
    const fruitless = error instanceof JobError && error.code === "incomplete" && grid.readFrom !== null;
    if (rounded || !fruitless) throw error;
    return attempt(null);
  }
}

async function makeFile(recipe: AudioDownloadRecipe, context: JobContext): Promise<AudioResult["download"]> {
  const { url } = await context.source();
  const path = join(context.workspace, "audio.m4a");
  await runFfmpeg(makeDownload({ url, stream: recipe.stream, mode: recipe.mode, path }), {
    signal: context.signal,
  });
  const { format } = await probeFile(path, { signal: context.signal });
  context.deliver({ name: "audio.m4a", type: "audio/mp4", path });
  return { object: "audio.m4a", duration: format.duration ?? 0 };
}
