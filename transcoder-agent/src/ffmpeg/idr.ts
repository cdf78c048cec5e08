/**
 * Whether segments begin where a decoder may begin. Containers also call pictures keyframes that only let a decoder
 * recover (ITU-T H.264 §D.2.8); Chromium drops whatever follows one of those after a seek or a change of rungs, until
 * an IDR picture comes (https://github.com/video-dev/hls.js/issues/7774). Called for copied rungs.
 */
import type { FileHandle } from "node:fs/promises";
import { readHeader } from "./boxes.ts";
import { readAt, withFile } from "./files.ts";

/** Of a NAL unit; those below are parts of pictures too, those above are not (ITU-T H.264 table 7-1). */
const IDR_SLICE = 5;
/** As ffmpeg writes it before each NAL unit. */
const LENGTH_BYTES = 4;
const TYPE_BITS = 0x1f;
const BOX_HEADER_BYTES = 16;
/** Parameter sets, delimiters and messages that may stand before a picture. */
const MOST_UNITS = 64;

/** Of an object of ours: one `moof` and `mdat` of H.264 at each offset. */
export async function beginWithIdr(path: string, segments: readonly { offset: number }[]): Promise<boolean> {
  return withFile(path, "r", async (file) => {
    for (const { offset } of segments) if (!(await beginsWithIdr(file, offset))) return false;
    return true;
  });
}

async function beginsWithIdr(file: FileHandle, offset: number): Promise<boolean> {
  const moof = readHeader(await readAt(file, offset, BOX_HEADER_BYTES), 0, Infinity);
  const mdat = moof && readHeader(await readAt(file, offset + moof.end, BOX_HEADER_BYTES), 0, Infinity);
  if (!mdat) return false;
  let at = offset + moof.end + mdat.body;
  for (let unit = 0; unit < MOST_UNITS; unit++) {
    const head = await readAt(file, at, LENGTH_BYTES + 1);
    if (head.length <= LENGTH_BYTES) return false;
    const type = head.readUInt8(LENGTH_BYTES) & TYPE_BITS;
    if (type <= IDR_SLICE) return type === IDR_SLICE;
    at += LENGTH_BYTES + head.readUInt32BE(0);
  }
  return false;
}
