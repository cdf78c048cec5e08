/** What the video and audio processors share: the arithmetic of a stretch of the timeline, and who goes first. */
import { JobError } from "../errors.ts";
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

/** How much is done when ffmpeg's output has come to `seconds`, which some versions count from the stretch. */
export function fractionOf(stretch: Stretch, seconds: number | null): number {
  const { boundaries, origin, timescale } = stretch;
  const start = ((boundaries[0] ?? origin) - origin) / timescale;
  const end = ((boundaries.findLast((boundary) => boundary !== null) ?? origin) - origin) / timescale;
  if (seconds === null || end <= start) return 0;
  const done = seconds >= start ? seconds - start : seconds;
  return Math.min(1, Math.max(0, done / (end - start)));
}
