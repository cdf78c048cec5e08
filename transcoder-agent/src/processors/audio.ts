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
import { runFfmpeg, type RunOptions } from "../ffmpeg/run.ts";
import type { AudioDownloadRecipe, AudioRecipe, AudioResult, AudioTrackRecipe } from "../protocol.ts";
import { BEFORE_ALL_SOUND, planStretch, type GridStretch } from "./audio-grid.ts";
import type { JobContext, Processor, Source } from "./processor.ts";
import { openReadable } from "./readable.ts";
import { LandedLate, landingOf, readFromBefore } from "./seeking.ts";
import { readAnchor, toAnchor } from "./sound.ts";
import { checkStretch, fractionOf, inTurn, isLong } from "./stretch.ts";

export const audio: Processor<AudioRecipe> = async (recipe, context) =>
  recipe.purpose === "track"
    ? { kind: "audio", track: await makeTrack(recipe, await context.source(), context), download: null }
    : { kind: "audio", track: null, download: await makeFile(recipe, context) };

/** One stretch on its way from the source to an object. */
interface TrackJob {
  recipe: AudioTrackRecipe;
  grid: GridStretch;
  url: string;
  /** Index of the stream at that address. */
  stream: number;
  /** Source seconds from which to count where times are rounded; null where they are exact. */
  anchor: number | null;
  /** What ffmpeg writes, and what the box pass makes of it. */
  raw: string;
  made: string;
  context: JobContext;
}

type Fragments = Awaited<ReturnType<typeof rewriteFragments>>;

async function makeTrack(
  recipe: AudioTrackRecipe,
  source: Source,
  context: JobContext,
): Promise<AudioResult["track"]> {
  checkStretch(recipe);
  const readable = await openReadable(source, recipe.remux);
  // Picture is encoded more slowly than sound is copied: on a slow line it goes first, and brings the sound with it.
  const url = readable.url === source.url && isLong(recipe) ? source.asideUrl : readable.url;
  const stream = readable.stream(recipe.stream);
  const object = `${recipe.name}.mp4`;
  const job: TrackJob = {
    recipe,
    grid: planStretch(recipe),
    url,
    stream,
    anchor: await readAnchor(readable, stream),
    raw: join(context.workspace, `${recipe.name}.raw.mp4`),
    made: join(context.workspace, object),
    context,
  };
  const make = recipe.mode === "copy" ? copyTrack : encodeTrack;
  const report = await inTurn(recipe, source, () => make(job));
  context.deliver({ name: object, type: "audio/mp4", path: job.made });
  return { name: recipe.name, object, ...report };
}

function copyTrack({ recipe, grid, anchor, raw, made, ...job }: TrackJob): Promise<Fragments> {
  const { boundaries, origin, timescale } = recipe;
  const start = boundaries[0] ?? origin;
  return readFromBefore(landingOf(recipe), async (from) => {
    await runFfmpeg(
      copyStretch({ ...job, from, until: grid.copyUntil, path: raw }),
      follow(recipe, job.context),
    );
    return rewriteFragments(raw, made, (samples, ticks) => {
      const shift = Math.round((origin * ticks) / timescale);
      const moved = samples.map((sample) => {
        const pts = anchor === null ? sample.pts : toAnchor(sample.pts, anchor, ticks);
        return { ...sample, pts: pts - shift };
      });
      if (from !== null && (moved[0]?.pts ?? Infinity) > ((start - origin) * ticks) / timescale)
        throw new LandedLate("the first packet is missing");
      return cutAudio(moved, grid.edgesAt(ticks), recipe.segments[0]);
    });
  });
}

async function encodeTrack(job: TrackJob): Promise<Fragments> {
  // Where times are rounded, all stretches count from the same beginning, or they would join with a step.
  const from = job.anchor === null ? job.grid.readFrom : null;
  try {
    return await encodeFrom(from, job);
  } catch (error) {
    // Who starts behind the end of the sound hears nothing, not even where he is.
    if (from === null || !(error instanceof JobError) || error.code !== "incomplete") throw error;
    return encodeFrom(null, job);
  }
}

async function encodeFrom(
  from: number | null,
  { recipe, grid, raw, made, ...job }: TrackJob,
): Promise<Fragments> {
  const base = from === null ? BEFORE_ALL_SOUND : grid.first;
  const { url, stream, context } = job;
  const wish = { ...recipe, ...grid, url, stream, from, base, path: raw };
  await runFfmpeg(encodeStretch(wish), follow(recipe, context));
  return rewriteFragments(raw, made, (samples, ticks) => {
    const last = samples.at(-1);
    if ((last?.pts ?? 0) + (last?.duration ?? 0) < grid.needed)
      throw new JobError("incomplete", "The sound ends before its stretch does.");
    return cutAudio(samples, grid.edgesAt(ticks), recipe.segments[0]);
  });
}

function follow(recipe: AudioTrackRecipe, context: JobContext): RunOptions {
  return {
    signal: context.signal,
    onProgress: (progress) => context.progress(fractionOf(recipe, progress)),
  };
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
