/**
 * What a job would cost an agent with one core, in seconds, as measured with x264 `veryfast` (research:
 * transcoding §6): one decode, each rung on top of it, and something for every start. Pure.
 */
import type { Recipe } from "#protocol";

/** Per second of film. */
const DECODE = 0.16;
/** Per second of film and 1000 pixels of a frame: 1080p 0.74, 720p 0.39, 480p 0.21 within a tenth. */
const ENCODE_PER_KILOPIXEL = 0.000_4;
const COPY = 0.005;
/** Starting ffmpeg, seeking, reading the boxes, sending. */
const START = 0.25;

export interface Piece {
  /** "<rung or track>:<segment>" */
  name: string;
  seconds: number;
}

/** Seconds on one core. */
export function costOf(recipe: Recipe): number {
  return START + piecesOf(recipe).reduce((total, { seconds }) => total + seconds, 0);
}

/** The parts of a job's cost that no other job need pay again. Empty for jobs that are no rectangles. */
export function piecesOf(recipe: Recipe): Piece[] {
  if (recipe.kind === "video") {
    const share = DECODE / recipe.rungs.length;
    return recipe.rungs.flatMap(({ name, mode, width, height }) => {
      const encode = mode === "encode" ? share + (ENCODE_PER_KILOPIXEL * width * height) / 1_000 : COPY;
      return stretchOf(recipe, name, encode);
    });
  }
  if (recipe.kind === "audio" && recipe.purpose === "track") return stretchOf(recipe, recipe.name, COPY);
  return [];
}

function stretchOf(
  {
    boundaries,
    timescale,
    segments,
  }: { boundaries: (number | null)[]; timescale: number; segments: [number, number] },
  name: string,
  perSecond: number,
): Piece[] {
  return boundaries.slice(0, -1).map((start, at) => {
    const end = boundaries[at + 1] ?? (start ?? 0) + LAST_SECONDS * timescale;
    const seconds = (perSecond * (end - (start ?? 0))) / timescale;
    return { name: `${name}:${segments[0] + at}`, seconds };
  });
}

/** Of the last segment, whose end is open. */
const LAST_SECONDS = 4;
