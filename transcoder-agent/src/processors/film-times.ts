/**
 * When the frames of a film are shown, by the quickest way its container allows: from the tables of an MP4
 * without reading the film, from its first packets where a later job reads the rest, or packet by packet.
 * Used by the inspection and the index job.
 */
import { JobError } from "../errors.ts";
import { readMovieTracks, UnusualMovie } from "../ffmpeg/movie-tables.ts";
import { readPackets, ticksPerSecond, type Packet, type Probed, type ProbedStream } from "../ffmpeg/probe.ts";
import { findHead, HEAD_SECONDS, type Head } from "./film-head.ts";
import { collectFrameTimes, type BuiltTimes } from "./frame-times.ts";
import type { Readable } from "./readable.ts";
import { followPackets, type Continuity } from "./sound.ts";

/** What is asked of a film: its picture, and the sounds that go with it. */
export interface Film {
  readable: Readable;
  /** What ffprobe says of the readable. */
  probed: Probed;
  /** Index of the picture's stream in the readable. */
  position: number;
  /** Streams of the original. */
  sounds: readonly ProbedStream[];
}

export interface FilmTimes extends BuiltTimes {
  /** Source ticks at which the earliest stream starts. */
  origin: number;
  /** By index in the original. */
  sounds: Map<number, Continuity>;
}

/** Codecs whose packets lie in MP4 as frames, one by one, with the container's word on which are keys. */
const TABLED_CODECS = new Set(["h264", "hevc", "av1", "mpeg4", "prores", "mjpeg"]);

/** One pass over all packets. */
export async function demuxTimes(film: Film, signal: AbortSignal): Promise<FilmTimes> {
  const gathering = gather(film);
  const { brokenOff } = await readPackets(film.readable.url, null, gathering.add, { signal });
  if (brokenOff) gathering.frames.dropLast();
  return gathering.build();
}

/** Null where the container has no index that tells what demuxing would. */
export async function tabulateTimes(film: Film): Promise<FilmTimes | null> {
  const { readable, probed, position } = film;
  const picture = streamAt(probed, position);
  if (!isMp4(probed.format.format_name) || !TABLED_CODECS.has(picture?.codec_name ?? "")) return null;
  const tracks = await readMovieTracks((offset, length) => readable.read(offset, length), readable.size);
  if (tracks === null) return null;
  const gathering = gather(film);
  try {
    for (const { stream, onlyStart } of wantedStreams(film)) {
      const track = tracks[stream] ?? null;
      const known = streamAt(probed, stream);
      // The numbering is ours; where it is not ffmpeg's as well, clocks or counts differ.
      if (track === null || track.timescale !== ticksPerSecond(known?.time_base)) return null;
      if (known?.nb_frames !== undefined && known.nb_frames !== track.samples) return null;
      for (const packet of track.packets()) {
        gathering.add({ ...packet, stream });
        if (onlyStart && !packet.discard) break;
      }
    }
  } catch (error) {
    if (error instanceof UnusualMovie || error instanceof RangeError) return null;
    throw error;
  }
  const times = gathering.build();
  return picture?.start_pts === undefined || picture.start_pts === times.index.start ? times : null;
}

/** The first segment and where the timeline starts, from the first packets; null where it takes all of them. */
export async function headTimes(
  film: Film,
  signal: AbortSignal,
): Promise<{ head: Head; origin: number } | null> {
  const { duration, format_name: name } = film.probed.format;
  // An MP4 without usable tables is broken off or in fragments: nothing it says of its length can be relied on.
  if (isMp4(name) || duration === undefined || duration <= HEAD_SECONDS) return null;
  const gathering = gather(film);
  await readPackets(film.readable.url, { seconds: HEAD_SECONDS }, gathering.add, { signal });
  const { index, origin } = gathering.build();
  const head = findHead(index);
  return head === null ? null : { head, origin };
}

function gather({ readable, probed, position, sounds }: Film) {
  const timescale = ticksPerSecond(streamAt(probed, position)?.time_base);
  if (timescale === null) throw new JobError("unsupported", "The film's clock has no whole ticks.");
  const frames = collectFrameTimes();
  const followed = new Map<number, Continuity>();
  for (const { index } of sounds) {
    const stream = streamAt(probed, readable.stream(index));
    if (stream !== undefined) followed.set(index, followPackets(stream));
  }
  const byPosition = new Map([...followed].map(([index, packets]) => [readable.stream(index), packets]));
  const add = (packet: Packet) => {
    if (packet.stream === position) frames.add(packet);
    else byPosition.get(packet.stream)?.add(packet);
  };
  const build = (): FilmTimes => {
    const built = frames.build(timescale);
    if (built === null) throw new JobError("corrupt", "The film has no frame.");
    // The timeline starts with the earliest stream.
    const starts = [...followed.values()].flatMap((packets) => packets.start() ?? []);
    const origin = Math.min(built.index.start, ...starts.map((start) => Math.round(start * timescale)));
    return { ...built, origin, sounds: followed };
  };
  return { frames, add, build };
}

/** Sounds that are not packed as AAC lie in tables sample by sample: of those, only the start is wanted. */
function wantedStreams({ readable, position, sounds }: Film): { stream: number; onlyStart: boolean }[] {
  const heard = sounds.map(({ index, codec_name: codec }) => ({
    stream: readable.stream(index),
    onlyStart: codec !== "aac",
  }));
  return [{ stream: position, onlyStart: false }, ...heard];
}

function streamAt(probed: Probed, position: number): ProbedStream | undefined {
  return probed.streams.find(({ index }) => index === position);
}

function isMp4(formatName: string): boolean {
  return /\bmp4\b/.test(formatName);
}
