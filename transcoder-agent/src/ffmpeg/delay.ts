/**
 * Makes our fragments fit for ffmpeg's own reader, which takes every time of a track too late by the largest
 * negative composition offset it has met so far. All offsets are raised by one constant, in place; whoever
 * reads the file takes the constant off again. Called before fragments are joined to an MP4.
 */
import type { FileHandle } from "node:fs/promises";
import { childBoxes, findBox, readHeader } from "./boxes.ts";
import { withFile } from "./files.ts";
import { readFragments } from "./samples.ts";

const HEADER_BYTES = 16;
const HAS_COMPOSITION = 0x800;

/** Answers by how many seconds all pictures are now late. */
export function delayPictures(path: string): Promise<{ seconds: number }> {
  return withFile(path, "r+", async (file) => {
    const { samples, timescale } = await readFragments(file);
    const delay = samples.reduce((most, { dts, pts }) => Math.max(most, dts - pts), 0);
    if (delay > 0) await rewriteRuns(file, delay);
    return { seconds: delay / timescale };
  });
}

async function rewriteRuns(file: FileHandle, delay: number): Promise<void> {
  const { size } = await file.stat();
  for (let at = 0; at < size;) {
    const header = Buffer.alloc(Math.min(HEADER_BYTES, size - at));
    await file.read(header, 0, header.length, at);
    const box = readHeader(header, 0, size - at);
    if (box === null) return;
    if (box.type === "moof") {
      const moof = Buffer.alloc(box.end);
      await file.read(moof, 0, moof.length, at);
      raiseOffsets(moof, delay);
      await file.write(moof, 0, moof.length, at);
    }
    at += box.end;
  }
}

/** Our own runs: data offset, then per sample duration, size, flags and composition offset. */
function raiseOffsets(moof: Buffer, delay: number): void {
  const traf = findBox(moof, { body: 8, end: moof.length }, ["traf"]);
  if (traf === null) return;
  for (const trun of childBoxes(moof, traf.body, traf.end).filter((box) => box.type === "trun")) {
    const flags = moof.readUInt32BE(trun.body) & 0x00ff_ffff;
    if ((flags & HAS_COMPOSITION) === 0) continue;
    const fields = [0x100, 0x200, 0x400].filter((field) => flags & field).length;
    let at = trun.body + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
    for (let left = moof.readUInt32BE(trun.body + 4); left > 0; left--) {
      at += fields * 4;
      moof.writeInt32BE(moof.readInt32BE(at) + delay, at);
      at += 4;
    }
  }
}
