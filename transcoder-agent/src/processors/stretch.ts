/** What the video and audio processors share: the arithmetic of a stretch of the timeline, and who goes first. */
import { JobError } from "../errors.ts";
import type { Progress } from "../ffmpeg/progress.ts";
import type { Sample } from "../ffmpeg/samples.ts";
import type { AudioTrackRecipe, VideoRecipe } from "../protocol.ts";
import type { Source } from "./processor.ts";

type Stretch = Pick<VideoRecipe | AudioTrackRecipe, "boundaries" | "segments" | "origin" | "timescale">;

/** What the schema cannot say: as many boundaries as segments and one, rising, only the last open. */
export function checkStretch({ boundaries, segments }: Stretch): void {
  const known = boundaries.slice(0, -1);
  const rising = boundaries.every((boundary, index) => {
    const before = boundaries[index - 1];
    return boundary === null || before === undefined || before === null || boundary > before;
  });
  if (boundaries.length !== segments[1] - segments[0] + 1 || known.includes(null) || !rising)
    throw new JobError("refused", "The recipe's boundaries contradict its segments.");
}

/** A stretch of no more seconds may be one that somebody waits for. */
const SHORT_SECONDS = 20;

/** The film's beginning goes ahead of long stretches of the rest: they share the line and the cores. */
export async function inTurn<T>(
  stretch: Stretch,
  source: Pick<Source, "lead" | "standBack">,
  work: () => Promise<T>,
): Promise<T> {
  if (stretch.segments[0] === 0) return source.lead(work);
  if (isLong(stretch)) await source.standBack();
  return work();
}

/** Nobody waits for it yet. */
export function isLong(stretch: Stretch): boolean {
  return stretch.segments[0] > 0 && secondsOf(stretch) > SHORT_SECONDS;
}

/** As far as its boundaries are known. */
function secondsOf({ boundaries, timescale }: Stretch): number {
  const start = boundaries[0] ?? 0;
  return ((boundaries.findLast((boundary) => boundary !== null) ?? start) - start) / timescale;
}

/**
 * Boundaries in ticks of the timeline. The film's first segment begins where the timeline does, even where
 * sound comes before the first picture: that picture then stands for a moment longer.
 */
export function timelineBoundaries(
  boundaries: readonly number[],
  { segments, origin }: Pick<Stretch, "segments" | "origin">,
): number[] {
  return boundaries.map((boundary, index) => (index === 0 && segments[0] === 0 ? 0 : boundary - origin));
}

/** Samples with the source's times, moved to where the timeline has them. */
export function onTimeline(samples: readonly Sample[], { origin }: Pick<Stretch, "origin">): Sample[] {
  return samples.map((sample) => ({ ...sample, pts: sample.pts - origin }));
}

/**
 * How much of a stretch is done when ffmpeg has come so far: by frames where their rate is known. Its seconds count from
 * the stretch in some versions and from `zero` (source ticks) in others.
 */
export function fractionOf(
  stretch: Stretch & { frameRate?: number | undefined },
  progress: Progress,
  zero = stretch.origin,
): number {
  const { boundaries, timescale, frameRate } = stretch;
  const { frame, seconds } = progress;
  const length = secondsOf(stretch);
  if (length <= 0) return 0;
  if (frameRate !== undefined) return Math.min(1, frame / (length * frameRate));
  const start = ((boundaries[0] ?? zero) - zero) / timescale;
  const done = seconds !== null && seconds >= start ? seconds - start : (seconds ?? 0);
  return Math.min(1, Math.max(0, done / length));
}
