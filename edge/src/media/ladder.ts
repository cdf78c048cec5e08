/**
 * Which rungs a video gets: by default 480, 720 and 1080 lines of the short side, portrait as well as
 * landscape, never larger than the source. Used by `build-plan.ts`; it knows nothing of encoders.
 */
import type { PlannedRung } from "./plan.ts";

export interface LadderStep {
  /** Short side in pixels: "480", "720" … */
  name: string;
  /** Most bits per second. */
  ceiling: number;
}
export type Ladder = readonly LadderStep[];

/** Research: the peers' H.264 ladders. The variable LADDER replaces it. */
export const DEFAULT_LADDER: Ladder = [
  { name: "480", ceiling: 1_200_000 },
  { name: "720", ceiling: 2_800_000 },
  { name: "1080", ceiling: 5_000_000 },
];

/**
 * A source that misses a target by no more than this gets the rung at its own size (718 lines: "718"); of
 * two rungs that are no further apart, the lower is dropped.
 */
const NEAR_MISS = 1.1;
/** An encode spends at most this much of what the source spends: more bits would hold no more picture. */
const RATE_HEADROOM = 1.3;
/** H.264 decoders and hardware encoders end here, in pixels of the long side. */
export const LONGEST_SIDE = 4_096;

export interface Picture {
  /** As shown: rotated, with square pixels. */
  width: number;
  height: number;
  /** Bits per second of the video stream; null: unknown. */
  bitRate: number | null;
}

/** Lowest first; at least one for any picture that has pixels and any ladder that has steps. */
export function planLadder(picture: Picture, ladder: Ladder = DEFAULT_LADDER): PlannedRung[] {
  const short = Math.min(picture.width, picture.height);
  const steps = ladder
    .map(({ name, ceiling }) => ({ side: Number(name), ceiling }))
    .sort((one, other) => one.side - other.side);
  const [lowest] = steps;
  if (lowest === undefined) return [];
  const kept = steps.filter(({ side }) => short * NEAR_MISS >= side);
  const sides = short < lowest.side ? [{ side: short, ceiling: lowest.ceiling }] : kept;
  return sides
    .map(({ side, ceiling }) => planRung(picture, Math.min(side, short), ceiling))
    .filter((rung, at, rungs) => {
      const next = rungs[at + 1];
      return next === undefined || shortSide(next) > shortSide(rung) * NEAR_MISS;
    });
}

/** Its name is its short side, in two to four digits. */
export function nameOfSize(size: { width: number; height: number }): string {
  return String(shortSide(size)).padStart(2, "0");
}

function planRung({ width, height, bitRate }: Picture, side: number, ceiling: number): PlannedRung {
  const scale = Math.min(side / Math.min(width, height), LONGEST_SIDE / Math.max(width, height));
  const size = { width: even(width, scale), height: even(height, scale) };
  const most =
    bitRate === null || bitRate <= 0 ? ceiling : Math.min(ceiling, Math.ceil(bitRate * RATE_HEADROOM));
  return { name: nameOfSize(size), mode: "encode", ...size, ceiling: most };
}

/** 4:2:0 needs even sides. Rounded, but never above the source. */
function even(side: number, scale: number): number {
  const rounded = Math.round((side * scale) / 2) * 2;
  return Math.max(2, rounded > side ? rounded - 2 : rounded);
}

function shortSide({ width, height }: { width: number; height: number }): number {
  return Math.min(width, height);
}
