/**
 * Which rungs a video gets: 480, 720 and 1080 lines of the short side, portrait as well as landscape, never
 * larger than the source. Used by `build-plan.ts`; it knows nothing of encoders.
 */
import type { PlannedRung } from "./plan.ts";

/** Short side in pixels, and most bits per second (research: the peers' H.264 ladders). */
const TARGETS = [
  { side: 480, ceiling: 1_200_000 },
  { side: 720, ceiling: 2_800_000 },
  { side: 1080, ceiling: 5_000_000 },
] as const;

/** A source that misses a target by no more than this gets the rung at its own size (718 lines: "718"). */
const NEAR_MISS = 1.1;
/** An encode spends at most this much of what the source spends: more bits would hold no more picture. */
const RATE_HEADROOM = 1.3;
/** H.264 decoders and hardware encoders end here, in pixels of the long side. */
const LONGEST_SIDE = 4_096;

export interface Picture {
  /** As shown: rotated, with square pixels. */
  width: number;
  height: number;
  /** Bits per second of the video stream; null: unknown. */
  bitRate: number | null;
}

/** Lowest first; at least one for any picture that has pixels. */
export function planLadder(picture: Picture): PlannedRung[] {
  const short = Math.min(picture.width, picture.height);
  const kept = TARGETS.filter(({ side }) => short * NEAR_MISS >= side);
  const own = [{ side: short, ceiling: TARGETS[0].ceiling }];
  const sides = short < TARGETS[0].side ? own : kept;
  const rungs = sides.map(({ side, ceiling }) => planRung(picture, Math.min(side, short), ceiling));
  return rungs.filter((rung, at) => rung.name !== rungs[at - 1]?.name);
}

function planRung({ width, height, bitRate }: Picture, side: number, ceiling: number): PlannedRung {
  const scale = Math.min(side / Math.min(width, height), LONGEST_SIDE / Math.max(width, height));
  const size = { width: even(width, scale), height: even(height, scale) };
  const most =
    bitRate === null || bitRate <= 0 ? ceiling : Math.min(ceiling, Math.ceil(bitRate * RATE_HEADROOM));
  return {
    name: String(Math.min(size.width, size.height)).padStart(2, "0"),
    mode: "encode",
    ...size,
    ceiling: most,
  };
}

/** 4:2:0 needs even sides. Rounded, but never above the source. */
function even(side: number, scale: number): number {
  const rounded = Math.round((side * scale) / 2) * 2;
  return Math.max(2, rounded > side ? rounded - 2 : rounded);
}
