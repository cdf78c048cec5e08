/**
 * The box pass: from a fragmented MP4 as ffmpeg wrote it to the object we publish, with one `moof` and
 * `mdat` per segment and exact times, and the index that says where each segment lies. Called by the
 * video and audio processors; sample data is copied and never looked at.
 */
import type { FileHandle } from "node:fs/promises";
import { JobError } from "../errors.ts";
import type { TrackReport } from "../protocol.ts";
import { fullHeader, makeBox, uint32, words } from "./boxes.ts";
import { codecName } from "./codec-names.ts";
import type { Segment } from "./cuts.ts";
import { copyRange, withFile } from "./files.ts";
import { readFragments, type Sample } from "./samples.ts";

const SYNC_SAMPLE = 0x0200_0000;
const NON_SYNC_SAMPLE = 0x0101_0000;
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
/** Data offset; per sample duration, size, flags and composition offset. */
const RUN_FLAGS = 0x1 | 0x100 | 0x200 | 0x400 | 0x800;

/** Regroups `from` by what `cut` decides, and writes it to `to`. */
export async function rewriteFragments(
  from: string,
  to: string,
  cut: (samples: Sample[], timescale: number) => Segment[],
): Promise<Omit<TrackReport, "name" | "object">> {
  return withFile(from, "r", async (source) => {
    const track = await readFragments(source);
    const codecs = codecName(track.init);
    if (codecs === null || track.samples.length === 0)
      throw new JobError("incomplete", "The encoder wrote nothing that can be published.");
    const segments = cut(track.samples, track.timescale);
    return {
      init: [0, track.init.length],
      codecs,
      timescale: track.timescale,
      frames: segments.reduce((sum, segment) => sum + segment.samples.length, 0),
      segments: await withFile(to, "w", (target) => writeAll(source, target, track.init, segments)),
    };
  });
}

/** Answers where each segment lies. */
async function writeAll(
  source: FileHandle,
  target: FileHandle,
  init: Buffer,
  segments: Segment[],
): Promise<TrackReport["segments"]> {
  await target.writeFile(init);
  let offset = init.length;
  const index: TrackReport["segments"] = [];
  for (const segment of segments) {
    const length = await writeSegment(source, target, segment);
    const { segment: number, start, duration } = segment;
    index.push({ segment: number, offset, length, start, duration, frames: segment.samples.length });
    offset += length;
  }
  return index;
}

async function writeSegment(source: FileHandle, target: FileHandle, segment: Segment): Promise<number> {
  const bytes = segment.samples.reduce((sum, { sample }) => sum + sample.size, 0);
  const head = Buffer.concat([makeMoof(segment), uint32(bytes + 8), Buffer.from("mdat", "latin1")]);
  await target.writeFile(head);
  for (const run of contiguousRuns(segment.samples.map(({ sample }) => sample))) {
    await copyRange(source, target, run.offset, run.length);
  }
  return head.length + bytes;
}

function contiguousRuns(samples: Sample[]): { offset: number; length: number }[] {
  const runs: { offset: number; length: number }[] = [];
  for (const sample of samples) {
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.length === sample.offset) last.length += sample.size;
    else runs.push({ offset: sample.offset, length: sample.size });
  }
  return runs;
}

function makeMoof(segment: Segment): Buffer {
  const build = (dataOffset: number) =>
    makeBox(
      "moof",
      makeBox("mfhd", fullHeader(0, 0), uint32(segment.segment + 1)),
      makeBox(
        "traf",
        makeBox("tfhd", fullHeader(0, DEFAULT_BASE_IS_MOOF), uint32(1)),
        makeBox("tfdt", fullHeader(1, 0), uint64(segment.start)),
        makeRun(segment, dataOffset),
      ),
    );
  // The offset counts from the moof to the first byte behind the mdat's header, and changes no size.
  return build(build(0).length + 8);
}

function makeRun(segment: Segment, dataOffset: number): Buffer {
  const table = segment.samples.flatMap(({ sample, duration, composition }) => [
    duration,
    sample.size,
    sample.sync ? SYNC_SAMPLE : NON_SYNC_SAMPLE,
    composition,
  ]);
  return makeBox(
    "trun",
    // Version 1: composition offsets are signed.
    fullHeader(1, RUN_FLAGS),
    uint32(segment.samples.length, dataOffset),
    words(table),
  );
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value), 0);
  return bytes;
}
