/**
 * A source that ffmpeg can seek in and whose clock can be trusted: the loopback address itself, or a local
 * remux of it. Inspection decides which; video and audio jobs open it the same way. Copies packets, never
 * alters them.
 */
import { stat } from "node:fs/promises";
import { readAt, withFile } from "../ffmpeg/files.ts";
import { remux } from "../ffmpeg/remux-arguments.ts";
import { ticksPerSecond, type Probed, type ProbedStream } from "../ffmpeg/probe.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { SourceTraits } from "../protocol.ts";
import { probeSource } from "./probed.ts";
import type { Source } from "./processor.ts";

export type RemuxContainer = SourceTraits["remux"];

export interface Readable {
  url: string;
  /** Where a stream of the original (by its index there) lies in this. */
  stream(index: number): number;
  /** What ffprobe tells of it. */
  probe(): Promise<Probed>;
  /** Bytes. */
  size: number;
  /** `length` bytes from `offset`, fewer at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Demuxers without a dependable timeline or seek (measured: 424 of 1200 frames from a TS). */
const UNDEPENDABLE = /^(avi|mpegts|mpeg|flv|asf|ogg|amr)\b/;
/** What an MP4 may hold, of the things that come in such containers. */
const MP4_CODECS = new Set([
  "h264",
  "hevc",
  "mpeg4",
  "mpeg2video",
  "mpeg1video",
  "aac",
  "mp3",
  "mp2",
  "ac3",
  "eac3",
]);

/** Only films are remuxed: sound alone has nothing to be in step with. */
export function chooseRemux(probed: Probed, film: ProbedStream): RemuxContainer {
  if (!UNDEPENDABLE.test(probed.format.format_name))
    return ticksPerSecond(film.time_base) === null ? "matroska" : null;
  const kept = keptStreams(probed);
  return kept.every(({ codec_name: codec }) => MP4_CODECS.has(codec ?? "")) ? "mp4" : "matroska";
}

/**
 * Sound and moving pictures: covers, subtitles and data stay behind, and so does what tells neither size nor rate (a
 * scrambled programme beside ours), which no container takes.
 */
function keptStreams(probed: Probed): ProbedStream[] {
  return probed.streams.filter((stream) => {
    if (stream.codec_name === undefined) return false;
    if (stream.codec_type === "audio") return (stream.sample_rate ?? 0) > 0;
    const isFilm = stream.codec_type === "video" && stream.disposition?.attached_pic !== 1;
    return isFilm && (stream.width ?? 0) > 0 && (stream.height ?? 0) > 0;
  });
}

/** What ffprobe tells of a stream of the original, by its index there. */
export async function probedStream(readable: Readable, index: number): Promise<ProbedStream | undefined> {
  const { streams } = await readable.probe();
  return streams.find((stream) => stream.index === readable.stream(index));
}

/** The remux is made once for all jobs of this agent that read the source. */
export async function openReadable(source: Source, container: RemuxContainer): Promise<Readable> {
  if (container === null)
    return {
      url: source.url,
      stream: (index) => index,
      probe: () => probeSource(source),
      size: source.size,
      read: source.read.bind(source),
    };
  const probed = await probeSource(source);
  const kept = keptStreams(probed);
  const name = container === "mp4" ? "remuxed.mp4" : "remuxed.mkv";
  const path = await source.derive(name, async (to, signal) => {
    await runFfmpeg(
      remux({
        url: source.url,
        path: to,
        container,
        streams: kept.map(({ index }) => index),
        unpack:
          /^avi\b/.test(probed.format.format_name) && kept.some((stream) => stream.codec_name === "mpeg4"),
      }),
      // What is only put into another container is hardly larger there.
      { signal, fileBytes: 2 * source.size },
    );
  });
  return {
    url: path,
    stream: (index) =>
      Math.max(
        0,
        kept.findIndex((stream) => stream.index === index),
      ),
    probe: () => probeSource(source, { name, path }),
    size: (await stat(path)).size,
    read: (offset, length) => withFile(path, "r", (file) => readAt(file, offset, length)),
  };
}
