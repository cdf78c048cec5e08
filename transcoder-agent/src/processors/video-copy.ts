/**
 * Copied rungs of a rectangle: the source's own H.264 packets, read from before to behind and cut by the box
 * pass at keyframes. Called by the video processor, which encodes what turns out not to be cuttable there.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cutVideo, OffGrid } from "../ffmpeg/cuts.ts";
import { rewriteFragments } from "../ffmpeg/fragments.ts";
import { beginWithIdr } from "../ffmpeg/idr.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { Sample } from "../ffmpeg/samples.ts";
import { copyRectangle } from "../ffmpeg/video-arguments.ts";
import type { RungRecipe, VideoRecipe, VideoResult } from "../protocol.ts";
import type { JobContext } from "./processor.ts";
import { probedStream, type Readable } from "./readable.ts";
import { rotation } from "./shape.ts";
import { LandedLate, landingOf, readFromBefore } from "./seeking.ts";
import { onTimeline, timelineBoundaries } from "./stretch.ts";

/** Seconds read behind the end: packets lie in the order in which they are decoded. */
const BEYOND_SECONDS = 2;

/** A recipe whose end is known. */
type Rectangle = Omit<VideoRecipe, "boundaries"> & { boundaries: number[] };

/** Delivers and reports the rung; null where the packets cannot be cut at these boundaries. */
export async function copyRung(
  rung: RungRecipe,
  recipe: Rectangle,
  readable: Readable,
  context: JobContext,
): Promise<VideoResult["rungs"][number] | null> {
  // Its packets know nothing of it, and every encoded rung stands upright.
  if (await isTurned(recipe, readable)) return null;
  const object = `${rung.name}.mp4`;
  const [raw, made] = [`${rung.name}.raw.mp4`, object].map((name) => join(context.workspace, name));
  if (raw === undefined || made === undefined) return null;
  try {
    const report = await copyBetween(recipe, readable, { raw, made }, context);
    if (!(await beginWithIdr(made, report.segments))) throw new OffGrid("a keyframe that is no IDR picture");
    context.deliver({ name: object, type: "video/mp4", path: made });
    return { name: rung.name, object, ...report };
  } catch (error) {
    if (!(error instanceof OffGrid)) throw error;
    context.log.warn("packets cannot be copied here, encoding instead", { reason: error.message });
    return null;
  } finally {
    await rm(raw, { force: true });
  }
}

/** Also by half a turn, which leaves the size as it is. */
async function isTurned({ stream }: Rectangle, readable: Readable): Promise<boolean> {
  const film = await probedStream(readable, stream);
  return film !== undefined && rotation(film) !== 0;
}

function copyBetween(
  recipe: Rectangle,
  readable: Readable,
  { raw, made }: { raw: string; made: string },
  context: JobContext,
) {
  const { timescale, origin, segments } = recipe;
  const [start = origin, end = origin] = [recipe.boundaries[0], recipe.boundaries.at(-1)];
  const boundaries = timelineBoundaries(recipe.boundaries, recipe);
  return readFromBefore(landingOf(recipe), async (from) => {
    await runFfmpeg(
      copyRectangle({
        url: readable.url,
        stream: readable.stream(recipe.stream),
        from,
        until: end / timescale + BEYOND_SECONDS,
        timescale,
        path: raw,
      }),
      { signal: context.signal },
    );
    return rewriteFragments(raw, made, (samples) => {
      const inside = between(samples, start, end);
      if (inside[0]?.pts !== start) throw from === null ? new OffGrid("no keyframe") : new LandedLate("late");
      if (recipe.traits.variable && isReordered(inside))
        throw new OffGrid("uneven frames out of order: players lose their beat");
      return cutVideo(onTimeline(inside, recipe), boundaries, segments[0]);
    });
  });
}

/** In decode order, from the keyframe shown at `start` up to that at `end`. Source ticks. */
function between(samples: readonly Sample[], start: number, end: number): Sample[] {
  const from = samples.findIndex(({ sync, pts }) => sync && pts >= start);
  const rest = from < 0 ? [] : samples.slice(from);
  const until = rest.findIndex(({ sync, pts }) => sync && pts >= end);
  return until < 0 ? rest : rest.slice(0, until);
}

function isReordered(samples: readonly Sample[]): boolean {
  return samples.some(({ pts }, at) => pts < (samples[at - 1]?.pts ?? pts));
}
