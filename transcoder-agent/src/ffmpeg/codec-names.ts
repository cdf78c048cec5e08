/** The RFC 6381 name of the one codec in an init segment ("avc1.64001f"), as a playlist's CODECS wants it. */
import { findBox } from "./boxes.ts";

/** Fixed fields before the boxes inside a visual and an audio sample entry. */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

/** Null when the track is neither H.264 nor AAC, which our own files never are. */
export function codecName(init: Buffer): string | null {
  const stsd = findBox(init, { body: 0, end: init.length }, ["moov", "trak", "mdia", "minf", "stbl", "stsd"]);
  if (stsd === null) return null;
  // Version and flags, then the number of entries.
  const entries = { body: stsd.body + 8, end: stsd.end };
  const avc1 = findBox(init, entries, ["avc1"]);
  if (avc1 !== null) {
    const avcC = findBox(init, { body: avc1.body + VISUAL_ENTRY_BYTES, end: avc1.end }, ["avcC"]);
    return avcC === null ? null : `avc1.${init.toString("hex", avcC.body + 1, avcC.body + 4)}`;
  }
  const mp4a = findBox(init, entries, ["mp4a"]);
  if (mp4a === null) return null;
  const esds = findBox(init, { body: mp4a.body + AUDIO_ENTRY_BYTES, end: mp4a.end }, ["esds"]);
  const object = esds === null ? null : audioObjectType(init.subarray(esds.body + 4, esds.end));
  return object === null ? null : `mp4a.40.${object}`;
}

const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;

/** Walks the nested descriptors of `esds` down to the first five bits of the AudioSpecificConfig. */
function audioObjectType(bytes: Buffer): number | null {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const tag = bytes.readUInt8(at++);
    let size = 0;
    let more = true;
    while (more && at < bytes.length) {
      const next = bytes.readUInt8(at++);
      size = (size << 7) | (next & 0x7f);
      more = (next & 0x80) !== 0;
    }
    if (tag === DECODER_SPECIFIC_INFO) return at < bytes.length ? bytes.readUInt8(at) >> 3 : null;
    // Into the descriptors that hold others, past the rest.
    if (tag === ES_DESCRIPTOR) at += 3;
    else if (tag === DECODER_CONFIG) at += 13;
    else at += size;
  }
  return null;
}
