/**
 * ISO BMFF boxes as bytes: walking them in a buffer and building new ones. Used by the fragment pass;
 * knows sizes and names, nothing of what a box means.
 */

export interface Box {
  type: string;
  /** Offset of the box itself, of what it holds, and of what follows it. */
  start: number;
  body: number;
  end: number;
}

const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** The header at `offset`, given at least 16 bytes from there (or fewer at the end). Null: not a box. */
export function readHeader(bytes: Buffer, offset: number, limit: number): Box | null {
  if (offset + HEADER_BYTES > bytes.length) return null;
  const size = bytes.readUInt32BE(offset);
  const type = bytes.toString("latin1", offset + 4, offset + HEADER_BYTES);
  if (size === 1) {
    if (offset + LARGE_HEADER_BYTES > bytes.length) return null;
    const large = Number(bytes.readBigUInt64BE(offset + HEADER_BYTES));
    return large < LARGE_HEADER_BYTES
      ? null
      : { type, start: offset, body: offset + LARGE_HEADER_BYTES, end: offset + large };
  }
  const end = size === 0 ? limit : offset + size;
  return size !== 0 && size < HEADER_BYTES ? null : { type, start: offset, body: offset + HEADER_BYTES, end };
}

/** The boxes between two offsets, in order. Ends at the first thing that is not a whole box. */
export function childBoxes(bytes: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  let at = from;
  while (at < to) {
    const found = readHeader(bytes, at, to);
    if (found === null || found.end > to) break;
    boxes.push(found);
    at = found.end;
  }
  return boxes;
}

/** The first box at a path of names below `parent`. */
export function findBox(bytes: Buffer, parent: { body: number; end: number }, path: string[]): Box | null {
  let within: { body: number; end: number } = parent;
  let found: Box | null = null;
  for (const name of path) {
    found = childBoxes(bytes, within.body, within.end).find((box) => box.type === name) ?? null;
    if (found === null) return null;
    within = found;
  }
  return found;
}

/** A box around the given parts. */
export function makeBox(type: string, ...parts: Uint8Array[]): Buffer {
  const size = HEADER_BYTES + parts.reduce((sum, part) => sum + part.byteLength, 0);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(size, 0);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, ...parts], size);
}

/** Version and flags, the first four bytes of a "full" box. */
export function fullHeader(version: number, flags: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(((version << 24) | flags) >>> 0, 0);
  return bytes;
}

export function uint32(...values: number[]): Buffer {
  return words(values);
}

/** The same of hours of samples: too many to pass as arguments. Negative ones as two's complement. */
export function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}
