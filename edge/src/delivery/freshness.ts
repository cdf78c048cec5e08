/** How long whoever has an answer may keep it, one line per class of answer. */
import { DAY, HOUR, MINUTE, SECOND } from "../config.ts";

const seconds = (milliseconds: number) => milliseconds / SECOND;
const YEAR = 365 * DAY;

/** It never changes, but it can be deleted; compressing it on the way would change it. */
export const ORIGINAL_FRESHNESS = `public, max-age=${seconds(5 * MINUTE)}, must-revalidate, no-transform`;
/** Stills and downloads keep their address when they are made again. */
export const RENDITION_FRESHNESS = `public, max-age=${seconds(HOUR)}, must-revalidate, no-transform`;
/** The address carries the plan's id, and the first commit of a segment holds for ever. */
export const SEGMENT_FRESHNESS = `public, max-age=${seconds(YEAR)}, immutable, no-transform`;
/** Rates and maps still change while rungs are being made. */
export const PLAYLIST_FRESHNESS = "no-cache";
export const NEVER = "no-store";

/** A copy in a data centre outlives a deletion no longer than this, wherever it lies. Seconds. */
export const CACHED_COPY_SECONDS = seconds(DAY);
