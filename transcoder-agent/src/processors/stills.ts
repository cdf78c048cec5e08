/**
 * The poster of a film and what is made from it. A job of its own, so that the plan need not wait for pictures;
 * decodes a handful of frames, never the film.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import type { Probed, ProbedStream } from "../ffmpeg/probe.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import { grabStill } from "../ffmpeg/still-arguments.ts";
import type { SourceTraits, StillsRecipe, StillsResult } from "../protocol.ts";
import {
  deliverPicture,
  deliverThumbnail,
  fromPixels,
  hashPixels,
  PREVIEW_SIDE,
  type Pixels,
} from "./pictures.ts";
import { probeSource } from "./probed.ts";
import type { JobContext, Processor } from "./processor.ts";
import { checkLimits, findFilm, isInterlaced, shownSize, transferOf } from "./shape.ts";

/** Where to look, as parts of the duration; the first that is not black is taken. */
const PLACES = [0.1, 0.25, 0.5, 0.75, 0] as const;
/** Of 255, over all channels: darker and flatter than this is black. */
const BLACK_MEAN = 16;
const BLACK_DEVIATION = 10;

interface Film {
  url: string;
  stream: number;
  /** As shown. */
  width: number;
  height: number;
  /** Seconds. */
  duration: number;
  traits: Pick<SourceTraits, "interlaced" | "transfer">;
}

export const stills: Processor<StillsRecipe> = async (_, context) => {
  // From the original, so that nobody waits for a remux to see a picture.
  const source = await context.source();
  const probed = await probeSource(source);
  checkLimits(probed);
  const stream = findFilm(probed);
  const pictures = stream && (await makeStills(filmOf(source.url, probed, stream), context));
  return { kind: "stills", pictures };
};

function filmOf(url: string, { format }: Probed, stream: ProbedStream): Film {
  return {
    url,
    stream: stream.index,
    ...shownSize(stream),
    duration: format.duration ?? 0,
    traits: { interlaced: isInterlaced(stream), transfer: transferOf(stream) },
  };
}

async function makeStills(film: Film, context: JobContext): Promise<StillsResult["pictures"]> {
  const pixels = await pickPoster(film, context);
  if (pixels === null) throw new JobError("corrupt", "No frame of the film can be decoded.");
  // mozjpeg's is a quarter smaller, takes 16 times as long (86 ms) and holds the picture's coefficients meanwhile.
  const jpeg = fromPixels(pixels).jpeg({ quality: 80, optimizeCoding: false });
  // One after the other: each holds a picture of its own, and encoders want the cores.
  const thumbnail = await deliverThumbnail(pixels, context);
  const hashes = await hashPixels(pixels);
  const poster = await deliverPicture(jpeg, { name: "poster.jpg", type: "image/jpeg" }, context);
  return { poster, thumbnail, hashes };
}

async function pickPoster(film: Film, context: JobContext): Promise<Pixels | null> {
  let brightest: { pixels: Pixels; mean: number } | null = null;
  for (const place of PLACES) {
    const pixels = await grab(film, place * film.duration, context);
    if (pixels === null) continue;
    const { channels } = await fromPixels(pixels).stats();
    const mean = average(channels.map((channel) => channel.mean));
    const deviation = average(channels.map((channel) => channel.stdev));
    if (mean > BLACK_MEAN || deviation > BLACK_DEVIATION) return pixels;
    if (brightest === null || mean > brightest.mean) brightest = { pixels, mean };
  }
  return brightest?.pixels ?? null;
}

/** A keyframe where one follows, which takes no decoding of what lies before it. */
async function grab(film: Film, at: number, context: JobContext): Promise<Pixels | null> {
  const path = join(context.workspace, "still.rgb");
  const size = fit(film);
  for (const keyed of at > 0 ? [true, false] : [false]) {
    try {
      await runFfmpeg(grabStill({ ...film, ...size, at, keyed, path }), { signal: context.signal });
    } catch (error) {
      // Some decoders (Theora's) call it a failure that frames are to be skipped.
      if (!keyed || context.signal.aborted) throw error;
      continue;
    }
    const data = await readFile(path);
    // Behind the last frame, and behind the last keyframe, there is none.
    if (data.length === size.width * size.height * 3) return { data, ...size, channels: 3 };
  }
  return null;
}

function fit({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const factor = Math.min(1, PREVIEW_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
