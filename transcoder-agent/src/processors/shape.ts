/** How a film is shown and what is peculiar about it, from what ffprobe says. Pure; used by the inspection. */
import { JobError } from "../errors.ts";
import { ratio, type Probed, type ProbedStream } from "../ffmpeg/probe.ts";
import type { SourceTraits, StreamReport } from "../protocol.ts";

/** Pixels of a side; beyond it decoders take gigabytes. */
const MAX_SIDE = 8192;
const MAX_SECONDS = 12 * 3600;
const INTERLACED = new Set(["tt", "bb", "tb", "bt"]);
const QUARTER_TURN = 90;

/** The stream that is the film: never a cover, which is a video stream too. */
export function findFilm(probed: Probed): ProbedStream | null {
  const films = probed.streams.filter(
    (stream) =>
      stream.codec_type === "video" &&
      stream.codec_name !== undefined &&
      stream.disposition?.attached_pic !== 1 &&
      (stream.width ?? 0) > 0 &&
      (stream.height ?? 0) > 0,
  );
  return films.find((stream) => stream.disposition?.default === 1) ?? films[0] ?? null;
}

export function findCover(probed: Probed): ProbedStream | null {
  return probed.streams.find((stream) => stream.disposition?.attached_pic === 1) ?? null;
}

export function checkLimits(probed: Probed): void {
  // A cover is a picture of its own, and looked at as one.
  const films = probed.streams.filter((stream) => stream.disposition?.attached_pic !== 1);
  const side = Math.max(0, ...films.flatMap(({ width, height }) => [width ?? 0, height ?? 0]));
  if (side > MAX_SIDE)
    throw new JobError("too_large", `A side has ${side} pixels; ${MAX_SIDE} are the most.`);
  if ((probed.format.duration ?? 0) > MAX_SECONDS)
    throw new JobError("too_large", `It runs longer than ${MAX_SECONDS / 3600} hours.`);
}

/** After rotation and with square pixels, both sides even. */
export function shownSize(film: ProbedStream): { width: number; height: number } {
  const wide = (film.width ?? 0) * (ratio(film.sample_aspect_ratio, ":") ?? 1);
  const high = film.height ?? 0;
  const turned = Math.round(Math.abs(rotation(film)) / QUARTER_TURN) % 2 === 1;
  const [width, height] = turned ? [high, wide] : [wide, high];
  return { width: toEven(width), height: toEven(height) };
}

/** Degrees. */
export function rotation(film: ProbedStream): number {
  const matrix = film.side_data_list?.find((side) => side.rotation !== undefined)?.rotation;
  const tag = Number(film.tags?.rotate ?? 0);
  return matrix ?? (Number.isFinite(tag) ? tag : 0);
}

/** Downwards: nothing is ever shown larger than it was. */
function toEven(side: number): number {
  return Math.max(2, 2 * Math.floor(Math.round(side) / 2));
}

export function isInterlaced(film: ProbedStream): boolean {
  return INTERLACED.has(film.field_order ?? "");
}

export function isAnamorphic(film: ProbedStream): boolean {
  return (ratio(film.sample_aspect_ratio, ":") ?? 1) !== 1;
}

export function transferOf(film: ProbedStream): SourceTraits["transfer"] {
  if (film.color_transfer === "smpte2084") return "pq";
  return film.color_transfer === "arib-std-b67" ? "hlg" : "sdr";
}

const TYPES = new Map<string, StreamReport["type"]>([
  ["video", "video"],
  ["audio", "audio"],
  ["subtitle", "subtitle"],
  ["attachment", "attachment"],
]);

export function describeStream(stream: ProbedStream): StreamReport {
  return {
    index: stream.index,
    type: TYPES.get(stream.codec_type ?? "") ?? "data",
    codec: stream.codec_name ?? "unknown",
    profile: stream.profile ?? null,
    language: languageOf(stream),
    bitRate: stream.bit_rate ?? null,
    width: stream.width ?? null,
    height: stream.height ?? null,
    pixelFormat: stream.pix_fmt ?? null,
    frameRate: ratio(stream.avg_frame_rate) ?? ratio(stream.r_frame_rate),
    channels: stream.channels ?? null,
    sampleRate: stream.sample_rate ?? null,
    cover: stream.disposition?.attached_pic === 1,
    reordered: stream.has_b_frames === undefined ? null : stream.has_b_frames > 0,
  };
}

/** ISO 639 only: the tag is whatever somebody wrote there. */
export function languageOf(stream: ProbedStream): string | null {
  const tag = stream.tags?.language ?? "";
  return /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag) && tag !== "und" ? tag : null;
}

/** One name for what ffprobe lists by all its aliases. */
export function containerName(probed: Probed): string {
  const names = probed.format.format_name.split(",");
  if (names.includes("mp4")) return "mp4";
  return names[0] ?? "unknown";
}
