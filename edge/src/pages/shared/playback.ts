/**
 * What the player plays and shows, decided from the record: original or HLS, and how the timeline
 * is drawn. Pure; the player only carries it out. Which rungs it may take is told in levels.ts.
 */
import type { RecordView, StreamView } from "./record.ts";
import { rungsOf } from "./record.ts";

/** `wait`: nothing plays here yet; the page offers the download meanwhile. */
export type SourceChoice = "original" | "hls" | "wait";

/**
 * The ladder as soon as a part of it stands where the film is to begin, at `from` seconds; the original where
 * nothing of it does and this browser plays that, or where nobody is there to make the rest.
 */
export function chooseSource(
  record: RecordView,
  can: { original: boolean; hls: boolean },
  from = 0,
): SourceChoice {
  const rungs = rungsOf(record).filter((rung) => rung.state !== "failed");
  const ready = rungs.filter((rung) => rung.state === "ready");
  const { progress } = record;
  // With somebody at work, a segment that is asked for is made next; without, it would only time out.
  const comes = record.status === "processing" && progress !== null && !progress.waiting;
  const begun = ready.length > 0 || (comes && covers(progress.ranges, from));
  if (can.hls && begun && rungs.length > 0) return "hls";
  if (can.original) return "original";
  return can.hls && rungs.length > 0 && comes ? "hls" : "wait";
}

function covers(ranges: [from: number, to: number][], at: number): boolean {
  return ranges.some(([from, to]) => from <= at && at < to);
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
  const wanted = (streams ?? []).filter(({ type: kind, cover }) => kind === "audio" || isFilm(kind, cover));
  if (wanted.length === 0) return container;
  // H.264 above 8 bits decodes nowhere.
  if (wanted.some((stream) => stream.codec === "h264" && /1[0-6]/.test(stream.pixelFormat ?? "")))
    return null;
  const codecs = wanted.map((stream) => CODECS[stream.codec]);
  return codecs.includes(undefined) ? null : `${container}; codecs="${[...new Set(codecs)].join(", ")}"`;
}

function isFilm(type: string, cover: boolean | null): boolean {
  return type === "video" && cover !== true;
}

/** There is a moving picture in it, as far as is known. */
export function hasPicture(streams: StreamView[] | null): boolean {
  return (streams ?? []).some(({ type, cover }) => isFilm(type, cover));
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
