/**
 * From how far before a stretch to read. A seek may land too late (decode times, broken indexes), which shows
 * only in what comes out: then the same is done from further back. Used by the video and audio processors.
 */

/** Seconds before the stretch; null reads from the beginning. */
const MARGINS = [1, 15, null] as const;

/** What came out begins after the stretch does. */
export class LandedLate extends Error {}

/** `start` and `origin` in seconds of the source. Calls `attempt` until it no longer lands late. */
export async function readFromBefore<T>(
  start: number,
  origin: number,
  attempt: (from: number | null) => Promise<T>,
): Promise<T> {
  for (const margin of MARGINS) {
    const from = margin === null || start - margin <= origin ? null : start - margin;
    try {
      return await attempt(from);
    } catch (error) {
      if (!(error instanceof LandedLate) || from === null) throw error;
    }
  }
  throw new LandedLate("nothing further back to read from");
}
