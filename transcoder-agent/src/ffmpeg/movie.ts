/**
 * The `moov` of a plain MP4 from the init bytes and samples of fragmented tracks: pure. Called by the MP4
 * writer. Every time is exact: an edit takes off what composition offsets had to be raised by.
 */
import { findBox, fullHeader, makeBox, uint32 } from "./boxes.ts";
import { makeSampleTable, decodeDurations, type Chunk } from "./sample-table.ts";
import type { FragmentedTrack } from "./samples.ts";

export interface LaidOutTrack {
  track: FragmentedTrack;
  chunks: readonly Chunk[];
}

/** Milliseconds: what edits and the film's own length are told in. */
const MOVIE_TIMESCALE = 1_000;
const LARGEST_UINT32 = 0xffff_ffff;
/** Three letters in five bits each: "und". */
const NO_LANGUAGE = 0x55c4;
/** No rotation, no scaling. */
const IDENTITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

export function makeFileType(): Buffer {
  const brands = Buffer.from("isomiso2avc1mp41", "latin1");
  return makeBox("ftyp", Buffer.from("isom", "latin1"), uint32(0x200), brands);
}

export function makeMovie(tracks: readonly LaidOutTrack[]): Buffer {
  const spans = tracks.map(({ track }) => spanOf(track));
  const duration = Math.max(0, ...spans.map(({ end }) => end));
  return makeBox(
    "moov",
    makeBox(
      "mvhd",
      fullHeader(0, 0),
      uint32(0, 0, MOVIE_TIMESCALE, duration, 0x1_0000, 0x100_0000, 0, 0, ...IDENTITY, 0, 0, 0, 0, 0, 0),
      uint32(tracks.length + 1),
    ),
    ...tracks.map(({ track, chunks }, index) => makeTrack(track, chunks, index + 1)),
  );
}

interface Span {
  /** Movie time at which the first sample is shown and the last one ends. */
  start: number;
  end: number;
  /** Ticks by which composition offsets are raised. */
  shift: number;
  /** Media time at which the first sample is shown. */
  first: number;
}

function spanOf({ samples, timescale }: FragmentedTrack): Span {
  const earliest = samples.reduce((least, { pts }) => Math.min(least, pts), Infinity);
  const latest = samples.reduce((most, { pts, duration }) => Math.max(most, pts + duration), 0);
  const shift = samples.reduce((most, { pts, dts }) => Math.max(most, dts - pts), 0);
  const movieTime = (ticks: number) => Math.round((ticks * MOVIE_TIMESCALE) / timescale);
  return {
    start: movieTime(Math.max(0, earliest)),
    end: movieTime(latest),
    shift,
    first: earliest - (samples[0]?.dts ?? 0) + shift,
  };
}

function makeTrack(track: FragmentedTrack, chunks: readonly Chunk[], id: number): Buffer {
  const { init, samples, timescale } = track;
  const span = spanOf(track);
  const media = decodeDurations(samples).reduce((sum, delta) => sum + delta, 0);
  const stsd = take(init, ["minf", "stbl", "stsd"]);
  const header = ["vmhd", "smhd"]
    .map((name) => take(init, ["minf", name]))
    .filter(({ length }) => length > 0);
  return makeBox(
    "trak",
    trackHeader(init, id, span.end),
    makeBox("edts", editList(span)),
    makeBox(
      "mdia",
      mediaHeader(timescale, media),
      take(init, ["hdlr"]),
      makeBox(
        "minf",
        ...header,
        take(init, ["minf", "dinf"]),
        makeSampleTable(stsd, samples, chunks, span.shift),
      ),
    ),
  );
}

/** A box of the init below its only track's `mdia`; empty where there is none. */
function take(init: Buffer, path: string[]): Buffer {
  const box = findBox(init, { body: 0, end: init.length }, ["moov", "trak", "mdia", ...path]);
  return box === null ? Buffer.alloc(0) : init.subarray(box.start, box.end);
}

/** The init's own, for size, volume and matrix. ffmpeg writes version 0. */
function trackHeader(init: Buffer, id: number, duration: number): Buffer {
  const found = findBox(init, { body: 0, end: init.length }, ["moov", "trak", "tkhd"]);
  const body = Buffer.from(found === null ? Buffer.alloc(84) : init.subarray(found.body, found.end));
  body.writeUInt32BE(id, 12);
  body.writeUInt32BE(duration, 20);
  return makeBox("tkhd", body);
}

function mediaHeader(timescale: number, duration: number): Buffer {
  if (duration <= LARGEST_UINT32)
    return makeBox("mdhd", fullHeader(0, 0), uint32(0, 0, timescale, duration, NO_LANGUAGE << 16));
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(duration));
  return makeBox("mdhd", fullHeader(1, 0), uint32(0, 0, 0, 0, timescale), long, uint32(NO_LANGUAGE << 16));
}

/** Nothing up to the first sample, then the samples. Rate 1. */
function editList({ start, end, first }: Span): Buffer {
  const nothing = start > 0 ? [start, LARGEST_UINT32, 0x1_0000] : [];
  const edits = [...nothing, end - start, first, 0x1_0000];
  return makeBox("elst", fullHeader(0, 0), uint32(edits.length / 3, ...edits));
}
