/**
 * Reads what ffmpeg wrote as fragmented MP4 with one track: the init bytes and every sample with its
 * times and its place in the file. Called by the fragment pass; writes nothing and reads no sample data.
 */
import type { FileHandle } from "node:fs/promises";
import { readAt } from "./files.ts";
import { childBoxes, findBox, makeBox, readHeader, type Box } from "./boxes.ts";

/** Times in ticks of the track; offsets and sizes in bytes of the file. */
export interface Sample {
  pts: number;
  dts: number;
  duration: number;
  offset: number;
  size: number;
  sync: boolean;
}

export interface FragmentedTrack {
  /** `ftyp` and `moov`, without what tells which program wrote them. */
  init: Buffer;
  timescale: number;
  samples: Sample[];
}

const SAMPLE_IS_NON_SYNC = 0x0001_0000;
/** A box header with a large size. */
const HEADER_BYTES = 16;

export async function readFragments(file: FileHandle): Promise<FragmentedTrack> {
  const { size } = await file.stat();
  const samples: Sample[] = [];
  const init: Buffer[] = [];
  let timescale = 0;
  let at = 0;
  while (at < size) {
    const found = readHeader(await readAt(file, at, Math.min(HEADER_BYTES, size - at)), 0, size - at);
    if (found === null || at + found.end > size) break;
    if (found.type === "ftyp") init.push(await readAt(file, at, found.end));
    if (found.type === "moov") {
      const moov = await readAt(file, at, found.end);
      timescale = readTimescale(moov);
      init.push(withoutUserData(moov));
    }
    if (found.type === "moof") {
      // One by one: a fragment may hold more than a call takes arguments.
      for (const sample of readMoof(await readAt(file, at, found.end), at)) samples.push(sample);
    }
    at += found.end;
  }
  return { init: Buffer.concat(init), timescale, samples };
}

/** `udta` names the muxer's version: without it the init bytes are equal between agents. */
function withoutUserData(moov: Buffer): Buffer {
  const kept = childBoxes(moov, 8, moov.length).filter((box) => box.type !== "udta");
  return makeBox("moov", ...kept.map((box) => moov.subarray(box.start, box.end)));
}

function readTimescale(moov: Buffer): number {
  const mdhd = findBox(moov, { body: 8, end: moov.length }, ["trak", "mdia", "mdhd"]);
  if (mdhd === null) return 0;
  const longTimes = moov.readUInt8(mdhd.body) === 1;
  return moov.readUInt32BE(mdhd.body + (longTimes ? 20 : 12));
}

interface Defaults {
  duration: number;
  size: number;
  flags: number;
}

function readMoof(moof: Buffer, moofOffset: number): Sample[] {
  const traf = findBox(moof, { body: 8, end: moof.length }, ["traf"]);
  if (traf === null) return [];
  const boxes = childBoxes(moof, traf.body, traf.end);
  const tfhd = boxes.find((box) => box.type === "tfhd");
  const tfdt = boxes.find((box) => box.type === "tfdt");
  if (tfhd === undefined || tfdt === undefined) return [];
  const defaults = readDefaults(moof, tfhd);
  // Signed: what starts before 0 (encoder delay) is written as two's complement.
  let dts =
    moof.readUInt8(tfdt.body) === 1
      ? Number(moof.readBigInt64BE(tfdt.body + 4))
      : moof.readUInt32BE(tfdt.body + 4);
  const samples: Sample[] = [];
  for (const trun of boxes.filter((box) => box.type === "trun")) {
    for (const sample of readTrun(moof, trun, defaults, moofOffset, dts)) {
      samples.push(sample);
      dts = sample.dts + sample.duration;
    }
  }
  return samples;
}

function readDefaults(moof: Buffer, tfhd: Box): Defaults {
  const flags = moof.readUInt32BE(tfhd.body) & 0x00ff_ffff;
  let at = tfhd.body + 8;
  if (flags & 0x1) at += 8;
  if (flags & 0x2) at += 4;
  const next = (present: number): number => {
    if (!(flags & present)) return 0;
    at += 4;
    return moof.readUInt32BE(at - 4);
  };
  return { duration: next(0x8), size: next(0x10), flags: next(0x20) };
}

/** Data offsets count from the `moof`, as `default_base_moof` makes ffmpeg write them. */
function readTrun(moof: Buffer, trun: Box, defaults: Defaults, moofOffset: number, from: number): Sample[] {
  const flags = moof.readUInt32BE(trun.body) & 0x00ff_ffff;
  const count = moof.readUInt32BE(trun.body + 4);
  let at = trun.body + 8;
  const next = (present: number, fallback: number): number => {
    if (!(flags & present)) return fallback;
    at += 4;
    return moof.readUInt32BE(at - 4);
  };
  let offset = moofOffset + next(0x1, 0);
  const firstFlags = flags & 0x4 ? next(0x4, 0) : null;
  let dts = from;
  const samples: Sample[] = [];
  for (let index = 0; index < count; index++) {
    const duration = next(0x100, defaults.duration);
    const size = next(0x200, defaults.size);
    const own = next(0x400, defaults.flags);
    const sampleFlags = index === 0 && firstFlags !== null ? firstFlags : own;
    const composition = next(0x800, 0) | 0;
    samples.push({
      pts: dts + composition,
      dts,
      duration,
      offset,
      size,
      sync: (sampleFlags & SAMPLE_IS_NON_SYNC) === 0,
    });
    dts += duration;
    offset += size;
  }
  return samples;
}
