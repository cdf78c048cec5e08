/**
 * How an input may be opened: the options that stand before every `-i`. Pure. A file decides neither which
 * demuxer reads lists of other files nor which address is opened: both are closed sets here.
 */

/**
 * ffmpeg's demuxers for real files. Never hls, dash, concat, image2, lavfi, sdp, rtsp: those open what
 * the file names. One alias of a demuxer admits it ("mov" stands for mov,mp4,m4a,…).
 */
export const SOURCE_FORMATS = [
  "mov",
  "matroska",
  "avi",
  "mpegts",
  "mpeg",
  "flv",
  "ogg",
  "asf",
  "wav",
  "mp3",
  "aac",
  "flac",
  "aiff",
  "caf",
  "amr",
  "ac3",
  "wv",
  "ape",
  "tta",
].join(",");

const MAX_STREAMS = 64;
/** Bytes and microseconds in which all streams must have shown themselves. */
const PROBE_BYTES = "20M";
const PROBE_TIME = "20M";

/** Options for a source of the job: a loopback address or a file that we wrote. */
export function sourceOptions(url: string): string[] {
  return [
    "-format_whitelist",
    SOURCE_FORMATS,
    "-protocol_whitelist",
    isAddress(url) ? "http,tcp" : "file",
    "-max_streams",
    String(MAX_STREAMS),
    "-probesize",
    PROBE_BYTES,
    "-analyzeduration",
    PROBE_TIME,
  ];
}

function isAddress(url: string): boolean {
  return url.startsWith("http://");
}

/**
 * Options that read from about a time of the source on, with its own timestamps kept. The seek lands on a
 * keyframe at or before; what is too early is cut away by exact filters, never by the seek.
 * `from` in seconds of the source; null reads from the beginning.
 */
export function seekOptions(from: number | null): string[] {
  const seek = from === null ? [] : ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", from.toFixed(6)];
  return ["-copyts", ...seek];
}
