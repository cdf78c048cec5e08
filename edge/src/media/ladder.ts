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
/** Of a ladder with one step: twice the lines take about three times the bits. */
const USUAL_POWER = 1.6;
/** Bits per second, as LADDER takes it. */
export const LEAST_CEILING = 50_000;
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

/**
 * One rung by name, as the ladder would plan it; null where the picture has fewer lines, or where it is so wide
 * that a rung of this name would be too long.
 */
export function planOneRung(
  picture: Picture,
  name: string,
  ladder: Ladder = DEFAULT_LADDER,
): PlannedRung | null {
  if (Number(name) > Math.min(picture.width, picture.height)) return null;
  const rung = planRung(picture, Number(name), ceilingOf(Number(name), ladder));
  return rung.name === name ? rung : null;
}

/** That of the ladder's own step, else one on the line through the two nearest: rates follow a power of the lines. */
function ceilingOf(side: number, ladder: Ladder): number {
  const steps = ladder
    .map((step) => ({ side: Number(step.name), ceiling: step.ceiling }))
    .sort((one, other) => one.side - other.side);
  const above = steps.findIndex((step) => step.side >= side);
  const at = Math.max(1, above === -1 ? steps.length - 1 : above);
  const [low, high] = [steps[at - 1], steps[at]];
  const near = high?.side === side || low === undefined ? high : low;
  if (near === undefined || near.side === side) return near?.ceiling ?? LEAST_CEILING;
  const power =
    low && high ? Math.log(high.ceiling / low.ceiling) / Math.log(high.side / low.side) : USUAL_POWER;
  return Math.max(LEAST_CEILING, Math.round(near.ceiling * (side / near.side) ** power));
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
