/**
 * The qualities of a video as its owner sees them: what is said of each rung, and which further ones can be asked
 * for. Used by the script of the file's page; whether one may be is decided by the host alone. Pure.
 */
import { formatBytes, formatPercent } from "./format.ts";
import { type RecordView, type RenditionView, rungsOf } from "./record.ts";

/** Lines that people know by name. */
const STANDARD = [144, 240, 360, 480, 720, 1_080, 1_440, 2_160];
/** `media/ladder.ts`: decoders end here, in pixels of the long side. */
const LONGEST_SIDE = 4_096;

/** Names of rungs that this film lacks and that are none too large for it; `most` is what a film may have. */
export function addableRungs(record: RecordView, most: number): string[] {
  const { status, width, height } = record;
  const names = rungsOf(record).map(({ name }) => name);
  const isPlanned = names.length > 0 && (status === "processing" || status === "ready");
  if (!isPlanned || names.length >= most || !width || !height) return [];
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  // Both sides are even, rounded to the nearest, as the ladder has them.
  const mostLines = 2 * Math.round((short * (LONGEST_SIDE / long)) / 2);
  return STANDARD.filter((lines) => lines <= short && lines <= mostLines)
    .map(String)
    .filter((name) => !names.includes(name));
}

/** What stands behind its name. */
export function rungWords(rung: RenditionView): string {
  const { state, width, height, size, fraction, reason } = rung;
  switch (state) {
    case "ready": {
      const known = [width && height ? `${width} × ${height}` : "ready", size ? formatBytes(size) : ""];
      return known.filter(Boolean).join(" · ");
    }
    case "making":
      return fraction === null ? "being made" : `being made, ${formatPercent(fraction)}`;
    case "waiting":
      return rung.ranges?.length ? "in part; the rest waits to be made" : "waits to be made";
    case "failed":
      return `could not be made${reason ? `: ${reason}` : ""}`;
  }
}
