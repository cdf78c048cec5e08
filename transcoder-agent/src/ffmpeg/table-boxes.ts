/**
 * The boxes of a sample table (ISO/IEC 14496-12 §8.6–8.7), read one by one: durations, composition offsets,
 * keyframes, sizes, places. Used by `movie-tables.ts`; a table beyond its box throws a RangeError there caught.
 */
import { childBoxes, type Box } from "./boxes.ts";
import type { Edit } from "./movie-tables.ts";

export interface TableSample {
  /** Ticks. */
  duration: number;
  composition: number;
  key: boolean;
}

export interface SampleTables {
  count: number;
  samples(): Generator<TableSample>;
  /** Offset behind the last byte of any sample. */
  reach(): number;
}

/** Version, flags and the number of entries. */
const TABLE_HEAD_BYTES = 8;
const NO_MEDIA = -1;
const NORMAL_RATE = 0x1_0000;

/** Null for tables that hold more than durations, offsets, keyframes and places. */
export function readSampleTables(bytes: Buffer, stbl: Box): SampleTables | null {
  const boxes = childBoxes(bytes, stbl.body, stbl.end);
  const box = (type: string) => boxes.find((candidate) => candidate.type === type);
  const [stts, stsz, stsc, stss, ctts] = [box("stts"), box("stsz"), box("stsc"), box("stss"), box("ctts")];
  const [stco, co64] = [box("stco"), box("co64")];
  const places = stco ?? co64;
  const random = boxes.some((group) => group.type === "sbgp" && groupType(bytes, group) === "rap ");
  if (!stts || !stsz || !stsc || !places || random || box("stps") !== undefined) return null;
  const count = bytes.readUInt32BE(stsz.body + 8);
  const wide = places === co64;
  return {
    count,
    samples: () => listSamples(bytes, { stts, ctts, stss, count }),
    reach: () => findReach(bytes, { stsz, stsc, places, wide, count }),
  };
}

function groupType(bytes: Buffer, group: Box): string {
  return bytes.toString("latin1", group.body + 4, group.body + 8);
}

/** Reads entries of `words` numbers; a box shorter than it says throws. */
function readEntries(bytes: Buffer, box: Box, words: number): { count: number; word: EntryReader } {
  const count = bytes.readUInt32BE(box.body + 4);
  const from = box.body + TABLE_HEAD_BYTES;
  if (from + count * words * 4 > box.end) throw new RangeError("a table longer than its box");
  return { count, word: (entry, word) => bytes.readUInt32BE(from + (entry * words + word) * 4) };
}
type EntryReader = (entry: number, word: number) => number;

interface TimeBoxes {
  stts: Box;
  ctts: Box | undefined;
  stss: Box | undefined;
  count: number;
}

function* listSamples(bytes: Buffer, { stts, ctts, stss, count }: TimeBoxes): Generator<TableSample> {
  const durations = runs(readEntries(bytes, stts, 2));
  const offsets = ctts === undefined ? null : runs(readEntries(bytes, ctts, 2));
  const keys = stss === undefined ? null : readEntries(bytes, stss, 1);
  let nextKey = 0;
  for (let sample = 1; sample <= count; sample++) {
    const key = keys === null || (nextKey < keys.count && keys.word(nextKey, 0) === sample);
    if (keys !== null && key) nextKey++;
    // Signed: version 0 should not be, but some writers do not know.
    yield { duration: durations(), composition: (offsets?.() ?? 0) | 0, key };
  }
}

/** The value of each sample in turn, from `[samples, value]` entries; throws where there are too few. */
function runs({ count, word }: { count: number; word: EntryReader }): () => number {
  let entry = -1;
  let left = 0;
  let value = 0;
  return () => {
    while (left === 0) {
      entry++;
      if (entry >= count) throw new RangeError("fewer entries than samples");
      left = word(entry, 0);
      value = word(entry, 1);
    }
    left--;
    return value;
  };
}

interface PlaceBoxes {
  stsz: Box;
  stsc: Box;
  places: Box;
  /** Eight bytes each. */
  wide: boolean;
  count: number;
}

function findReach(bytes: Buffer, { stsz, stsc, places, wide, count }: PlaceBoxes): number {
  const even = bytes.readUInt32BE(stsz.body + 4);
  const sizeAt = (sample: number) => (even > 0 ? even : bytes.readUInt32BE(stsz.body + 12 + sample * 4));
  const chunks = readEntries(bytes, places, wide ? 2 : 1);
  const perChunk = readEntries(bytes, stsc, 3);
  let reach = 0;
  let sample = 0;
  for (let chunk = 0, entry = 0; chunk < chunks.count && sample < count; chunk++) {
    while (entry + 1 < perChunk.count && perChunk.word(entry + 1, 0) <= chunk + 1) entry++;
    const offset = wide ? chunks.word(chunk, 0) * 2 ** 32 + chunks.word(chunk, 1) : chunks.word(chunk, 0);
    const until = Math.min(count, sample + perChunk.word(entry, 1));
    if (even > 0) {
      reach = Math.max(reach, offset + (until - sample) * even);
      sample = until;
    } else {
      let end = offset;
      for (; sample < until; sample++) end += sizeAt(sample);
      reach = Math.max(reach, end);
    }
  }
  return sample < count ? Infinity : reach;
}

/** At most a wait and one stretch at normal speed; anything else is null. */
export function readEdit(
  bytes: Buffer,
  elst: Box | null,
  { movieScale, timescale }: { movieScale: number; timescale: number },
): Edit | null {
  if (elst === null) return { delay: 0, from: 0, until: Infinity };
  const long = bytes.readUInt8(elst.body) === 1;
  const count = bytes.readUInt32BE(elst.body + 4);
  const edits = Array.from({ length: Math.min(count, 3) }, (_, at) => {
    const start = elst.body + TABLE_HEAD_BYTES + at * (long ? 20 : 12);
    const duration = long ? Number(bytes.readBigUInt64BE(start)) : bytes.readUInt32BE(start);
    const media = long ? Number(bytes.readBigInt64BE(start + 8)) : bytes.readInt32BE(start + 4);
    const ticks = Math.round((duration * timescale) / movieScale);
    return { ticks, media, rate: bytes.readInt32BE(start + (long ? 16 : 8)) };
  });
  const wait = edits[0]?.media === NO_MEDIA ? edits.shift() : undefined;
  const [shown, ...more] = edits;
  if (shown === undefined || more.length > 0) return null;
  if (shown.media < 0 || shown.rate !== NORMAL_RATE) return null;
  // No length: to the end, as fragments have it.
  const until = shown.ticks === 0 ? Infinity : shown.media + shown.ticks;
  return { delay: wait?.ticks ?? 0, from: shown.media, until };
}
