/**
 * What the player plays and shows, decided from the record: original or HLS, which rungs may be taken
 * automatically, and how the timeline is drawn. Pure; the player only carries it out.
 */
import type { RecordView, RenditionView, StreamView } from "./record.ts";
import { rungsOf } from "./record.ts";

/** `wait`: nothing plays here yet; the page offers the download meanwhile. */
export type SourceChoice = "original" | "hls" | "wait";

/** Starts with what is ready: the whole ladder, else the original where this browser plays it. */
export function chooseSource(record: RecordView, can: { original: boolean; hls: boolean }): SourceChoice {
  const rungs = rungsOf(record).filter((rung) => rung.state !== "failed");
  const ready = rungs.filter((rung) => rung.state === "ready");
  if (can.hls && rungs.length > 0 && ready.length === rungs.length) return "hls";
  if (can.original) return "original";
  // With somebody at work, a segment that is asked for is made next; without, it would only time out.
  const comes = record.status === "processing" && record.progress !== null && !record.progress.waiting;
  return can.hls && (ready.length > 0 || (rungs.length > 0 && comes)) ? "hls" : "wait";
}

/** What ffprobe calls a codec, as the types that browsers are asked about spell it. */
const CODECS: Record<string, string> = {
  h264: "avc1.640028",
  hevc: "hvc1.1.6.L120.90",
  av1: "av01.0.08M.08",
  vp8: "vp8",
  vp9: "vp09.00.40.08",
  aac: "mp4a.40.2",
  mp3: "mp3",
  opus: "opus",
  vorbis: "vorbis",
  flac: "flac",
};

/** The type to ask `canPlayType` about, or null where no browser plays such streams. */
export function playableType(type: string, streams: StreamView[] | null): string | null {
  // Browsers deny QuickTime and Matroska by name and play what is inside.
  const container =
    type === "video/quicktime" ? "video/mp4" : type === "video/x-matroska" ? "video/webm" : type;
  if (!/^(video|audio)\//.test(container)) return null;
  const wanted = (streams ?? []).filter((stream) => stream.type === "video" || stream.type === "audio");
  if (wanted.length === 0) return container;
  // H.264 above 8 bits decodes nowhere.
  if (wanted.some((stream) => stream.codec === "h264" && /1[0-6]/.test(stream.pixelFormat ?? "")))
    return null;
  const codecs = wanted.map((stream) => CODECS[stream.codec]);
  return codecs.includes(undefined) ? null : `${container}; codecs="${[...new Set(codecs)].join(", ")}"`;
}

/**
 * The highest level that may be taken automatically: the top of those that are ready from the bottom up, so
 * that nobody is sent to wait unasked. `levels` are the names of the player's levels, lowest first.
 */
export function levelCap(levels: string[], rungs: RenditionView[]): number {
  const ready = new Set(rungs.filter((rung) => rung.state === "ready").map((rung) => rung.name));
  const missing = levels.findIndex((name) => !ready.has(name));
  if (missing === -1) return levels.length - 1;
  return Math.max(0, missing - 1);
}

/** A gradient for the timeline: encoded stretches in one colour, the rest in another. */
export function timelineGradient(
  ranges: [number, number][],
  duration: number,
  colours: { made: string; open: string },
): string {
  if (!(duration > 0)) return colours.open;
  const stops: string[] = [];
  let at = 0;
  for (const [from, to] of ranges.toSorted((one, other) => one[0] - other[0])) {
    const start = share(Math.max(from, at), duration);
    const end = share(to, duration);
    if (end <= share(at, duration)) continue;
    stops.push(`${colours.open} ${share(at, duration)}% ${start}%`, `${colours.made} ${start}% ${end}%`);
    at = to;
  }
  stops.push(`${colours.open} ${share(at, duration)}% 100%`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

function share(seconds: number, duration: number): number {
  return Math.round(Math.min(Math.max(seconds / duration, 0), 1) * 10_000) / 100;
}
