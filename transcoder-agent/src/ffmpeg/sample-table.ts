/**
 * The `stbl` of a track: which sample lies where, lasts how long and is shown when. Pure; called by the MP4
 * writer with the samples of committed fragments.
 */
import { fullHeader, makeBox, uint32, words } from "./boxes.ts";
import type { Sample } from "./samples.ts";

/** Samples that lie one behind the other in the file. */
export interface Chunk {
  /** Bytes from the start of the file. */
  offset: number;
  samples: number;
}

const LARGEST_OFFSET = 0xffff_ffff;

/** `shift` is what must be added to composition offsets to make none negative. `stsd` is taken over as it is. */
export function makeSampleTable(
  stsd: Uint8Array,
  samples: readonly Sample[],
  chunks: readonly Chunk[],
  shift: number,
) {
  const composition = samples.map(({ pts, dts }) => pts - dts + shift);
  const keys = samples.flatMap(({ sync }, index) => (sync ? [index + 1] : []));
  return makeBox(
    "stbl",
    stsd,
    runTable("stts", decodeDurations(samples)),
    ...(composition.every((offset) => offset === 0) ? [] : [runTable("ctts", composition)]),
    ...(keys.length === samples.length ? [] : [table("stss", keys.length, keys)]),
    table("stsc", ...samplesPerChunk(chunks)),
    makeBox("stsz", fullHeader(0, 0), uint32(0, samples.length), words(samples.map(({ size }) => size))),
    chunkOffsets(chunks),
  );
}

/** From decode time to decode time, so that a hole between fragments stays one. */
export function decodeDurations(samples: readonly Sample[]): number[] {
  return samples.map(
    (sample, index) => (samples[index + 1]?.dts ?? sample.dts + sample.duration) - sample.dts,
  );
}

/** `[count, value]` for each run of equal values. */
function runTable(type: "stts" | "ctts", values: readonly number[]): Buffer {
  const runs: number[] = [];
  for (const value of values) {
    if (runs.length > 0 && runs.at(-1) === value) runs[runs.length - 2] = (runs.at(-2) ?? 0) + 1;
    else runs.push(1, value);
  }
  return table(type, runs.length / 2, runs);
}

/** `[first chunk, samples in each, description]` for each run of equally large chunks. */
function samplesPerChunk(chunks: readonly Chunk[]): [count: number, entries: number[]] {
  const entries: number[] = [];
  let before = -1;
  chunks.forEach(({ samples }, index) => {
    if (samples !== before) entries.push(index + 1, samples, 1);
    before = samples;
  });
  return [entries.length / 3, entries];
}

function chunkOffsets(chunks: readonly Chunk[]): Buffer {
  const offsets = chunks.map(({ offset }) => offset);
  if (offsets.every((offset) => offset <= LARGEST_OFFSET)) return table("stco", offsets.length, offsets);
  const bytes = Buffer.alloc(offsets.length * 8);
  offsets.forEach((offset, index) => bytes.writeBigUInt64BE(BigInt(offset), index * 8));
  return makeBox("co64", fullHeader(0, 0), uint32(offsets.length), bytes);
}

function table(type: string, count: number, entries: readonly number[]): Buffer {
  return makeBox(type, fullHeader(0, 0), uint32(count), words(entries));
}
