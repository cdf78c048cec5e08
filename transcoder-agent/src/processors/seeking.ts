/**
 * From how far before a stretch to read. A seek may land too late (decode times, broken indexes), which shows
 * only in what comes out: then the same is done from further back. Used by the video and audio processors.
 */

/** Seconds before the stretch; null reads from the beginning. */
const MARGINS = [1, 15, null] as const;
/** Seconds that a seek aims behind a keyframe, so that a rounded microsecond does not find the one before it. */
const BEHIND_KEYFRAME = 0.001;

/** What came out begins after the stretch does. */
export class LandedLate extends Error {}

/** Seconds of the source. */
export interface Landing {
  start: number;
  origin: number;
  /**
   * Before the start: the keyframe at which decoding may begin, where it is known. By a margin one would often decode
   * from the keyframe before it, for nothing (measured: 3 % of all the work on a film of a minute, an eighth where
   * keyframes are 4 s apart).
   */
  preroll?: number | undefined;
}

/** Calls `attempt` until it no longer lands late. */
export async function readFromBefore<T>(
  landing: Landing,
  attempt: (from: number | null) => Promise<T>,
): Promise<T> {
  for (const from of placesToRead(landing)) {
    try {
      return await attempt(from);
    } catch (error) {
      if (!(error instanceof LandedLate) || from === null) throw error;
    }
  }
  throw new LandedLate("nothing further back to read from");
}

function placesToRead({ start, origin, preroll }: Landing): (number | null)[] {
  const places = MARGINS.filter((margin) => margin === null || margin > (preroll ?? 0)).map((margin) =>
    margin === null || start - margin <= origin ? null : start - margin,
  );
  if (preroll === undefined) return places;
  return [start - preroll <= origin ? null : start - preroll + BEHIND_KEYFRAME, ...places];
}

/** Of a job's first boundary. */
export function landingOf(recipe: {
  timescale: number;
  origin: number;
  boundaries: readonly (number | null)[];
  preroll?: number | undefined;
}): Landing {
  const { timescale, origin, boundaries, preroll } = recipe;
  const start = (boundaries[0] ?? origin) / timescale;
  return {
    start,
    origin: origin / timescale,
    preroll: preroll === undefined ? undefined : preroll / timescale,
  };
}
