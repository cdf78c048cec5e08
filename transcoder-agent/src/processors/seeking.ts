/**
 * From how far before a stretch to read. A seek may land too late (decode times, broken indexes), which shows
 * only in what comes out: then the same is done from further back. Used by the video and audio processors.
 */

/** Seconds before the stretch; null reads from the beginning. */
const MARGINS = [1, 15, null] as const;
/**
 * Where the stretch starts on a keyframe: that one, and not the one before it for the sake of a rounded microsecond.
 * Whatever lies between two keyframes would be decoded for nothing, which is up to a whole segment (measured: an eighth
 * of all the work on a film of a minute).
 */
const ON_KEYFRAME = -0.001;

/** What came out begins after the stretch does. */
export class LandedLate extends Error {}

export interface Landing {
  /** Seconds of the source. */
  start: number;
  origin: number;
  /** It starts on a keyframe from which the source can be decoded. */
  keyed?: boolean | undefined;
}

/** Calls `attempt` until it no longer lands late. */
export async function readFromBefore<T>(
  { start, origin, keyed = false }: Landing,
  attempt: (from: number | null) => Promise<T>,
): Promise<T> {
  for (const margin of [...(keyed && start > origin ? [ON_KEYFRAME] : []), ...MARGINS]) {
    const from = margin === null || start - margin <= origin ? null : start - margin;
    try {
      return await attempt(from);
    } catch (error) {
      if (!(error instanceof LandedLate) || from === null) throw error;
    }
  }
  throw new LandedLate("nothing further back to read from");
}

/** Of a job's first boundary. */
export function landingOf(recipe: {
  timescale: number;
  origin: number;
  boundaries: readonly (number | null)[];
  keyed?: boolean | undefined;
}): Landing {
  const { timescale, origin, boundaries, keyed } = recipe;
  return { start: (boundaries[0] ?? origin) / timescale, origin: origin / timescale, keyed };
}
