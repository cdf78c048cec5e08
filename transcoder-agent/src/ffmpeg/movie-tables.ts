/**
 * The sample tables of a plain MP4 or MOV: when each sample is shown and which are keyframes, from `moov` alone,
 * as ffmpeg's demuxer would tell it packet by packet. Called by the inspection. Whatever is unusual (fragments,
 * several edits, trimmed ends, samples beyond the end of the file) is left to the demuxer: the answer is null.
 */
import { childBoxes, findBox, readHeader, type Box } from "./boxes.ts";
import type { Packet } from "./probe.ts";
import { readEdit, readSampleTables, type SampleTables } from "./table-boxes.ts";

/** Reads `length` bytes from `offset`, fewer at the end. */
export type ReadBytes = (offset: number, length: number) => Promise<Buffer>;

export interface MovieTrack {
  /** "vide", "soun" … */
  handler: string;
  timescale: number;
  samples: number;
  /** In decode order, as a demuxer gives them; the stream's number is the caller's. */
  packets(): Generator<Omit<Packet, "stream">>;
}

const HEADER_BYTES = 16;
/** More boxes than any writer puts around a `moov`. */
const MAX_TOP_BOXES = 64;
/** Twelve hours of 60 frames a second and of sound need half of it. */
const MAX_MOVIE_BYTES = 96 * 1024 * 1024;

/** Tracks in the order of the file, null for each unusual one; null where the file has no such index. */
export async function readMovieTracks(read: ReadBytes, size: number): Promise<(MovieTrack | null)[] | null> {
  const moov = await readMoov(read, size);
  if (moov === null) return null;
  const whole = { body: moov.head, end: moov.bytes.length };
  const boxes = childBoxes(moov.bytes, whole.body, whole.end);
  const mvhd = boxes.find(({ type }) => type === "mvhd");
  if (mvhd === undefined || boxes.some(({ type }) => type === "mvex")) return null;
  const movieScale = readTimescale(moov.bytes, mvhd);
  return boxes
    .filter(({ type }) => type === "trak")
    .map((trak) => guarded(() => readTrack(moov.bytes, trak, movieScale, size)));
}

/** A table that points outside its box is no table. */
function guarded<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function readMoov(read: ReadBytes, size: number): Promise<{ bytes: Buffer; head: number } | null> {
  for (let at = 0, seen = 0; at < size && seen < MAX_TOP_BOXES; seen++) {
    const header = readHeader(await read(at, HEADER_BYTES), 0, size - at);
    if (header === null || header.type === "moof") return null;
    if (header.type === "moov") {
      if (header.end > MAX_MOVIE_BYTES || at + header.end > size) return null;
      return { bytes: await read(at, header.end), head: header.body };
    }
    at += header.end;
  }
  return null;
}

function readTrack(moov: Buffer, trak: Box, movieScale: number, size: number): MovieTrack | null {
  const mdhd = findBox(moov, trak, ["mdia", "mdhd"]);
  const hdlr = findBox(moov, trak, ["mdia", "hdlr"]);
  const stbl = findBox(moov, trak, ["mdia", "minf", "stbl"]);
  if (mdhd === null || hdlr === null || stbl === null) return null;
  const timescale = readTimescale(moov, mdhd);
  const handler = moov.toString("latin1", hdlr.body + 8, hdlr.body + 12);
  const tables = readSampleTables(moov, stbl);
  const edit = readEdit(moov, findBox(moov, trak, ["edts", "elst"]), { movieScale, timescale });
  if (tables === null || edit === null || timescale === 0 || tables.reach() > size) return null;
  const packets = () => listPackets(tables, edit);
  return { handler, timescale, samples: tables.count, packets };
}

/** Version 1 has times of eight bytes. */
function readTimescale(bytes: Buffer, header: Box): number {
  return bytes.readUInt32BE(header.body + (bytes.readUInt8(header.body) === 1 ? 20 : 12));
}

/** Ticks of the track. */
export interface Edit {
  /** Time at which the track starts to be shown. */
  delay: number;
  /** Media time shown then. */
  from: number;
  /** Media time at which it ends; Infinity without an edit. */
  until: number;
}

function* listPackets(tables: SampleTables, edit: Edit): Generator<Omit<Packet, "stream">> {
  let decoded = 0;
  for (const { duration, composition, key } of tables.samples()) {
    const shown = decoded + composition;
    const moved = edit.delay - edit.from;
    yield { pts: shown + moved, dts: decoded + moved, duration, key, discard: shown < edit.from };
    // Demuxers drop or keep what lies behind the end of an edit by rules of their own.
    if (shown >= edit.until) throw new UnusualMovie("a sample behind the end of its edit");
    decoded += duration;
  }
}

/** Found while listing: the demuxer must do it. */
export class UnusualMovie extends Error {}
