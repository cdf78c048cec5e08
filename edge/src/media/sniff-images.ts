/** Raster images and whether they move, from their first bytes. Pure; called by `sniff.ts`. */
import { ascii, contains, matches, uint } from "./bytes.ts";

/** A media type, and whether there is more than one frame. */
export interface ImageFind {
  type: string;
  animated: boolean;
}

const BITMAP_HEADERS = new Set([12, 40, 52, 56, 64, 108, 124]);

export function sniffImage(head: Uint8Array): ImageFind | null {
  const still = (type: string): ImageFind => ({ type, animated: false });
  if (matches(head, "ff d8 ff")) return still("image/jpeg");
  if (matches(head, "89 50 4e 47 0d 0a 1a 0a")) return { type: "image/png", animated: isMovingPng(head) };
  if (/^GIF8[79]a$/.test(ascii(head, 0, 6))) return { type: "image/gif", animated: isMovingGif(head) };
  if (ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 4) === "WEBP") {
    return { type: "image/webp", animated: isMovingWebp(head) };
  }
  if (matches(head, "49 49 2a 00") || matches(head, "4d 4d 00 2a") || matches(head, "49 49 2b 00")) {
    return still("image/tiff");
  }
  if (ascii(head, 0, 2) === "BM" && BITMAP_HEADERS.has(uint(head, 14, 4, "little")))
    return still("image/bmp");
  if (isIcon(head)) return still("image/x-icon");
  if (ascii(head, 0, 4) === "8BPS") return still("image/vnd.adobe.photoshop");
  return null;
}

/** An animation control chunk stands before the first image data. */
function isMovingPng(head: Uint8Array): boolean {
  for (let at = 8; at + 8 <= head.length; at += 12 + uint(head, at, 4)) {
    const chunk = ascii(head, at + 4, 4);
    if (chunk === "acTL") return true;
    if (chunk === "IDAT") return false;
  }
  return false;
}

/** The animation bit of the extended header. */
function isMovingWebp(head: Uint8Array): boolean {
  return ascii(head, 12, 4) === "VP8X" && ((head[20] ?? 0) & 0x02) !== 0;
}

/** A second image descriptor; where the head ends inside the first frame, the loop extension tells. */
function isMovingGif(head: Uint8Array): boolean {
  let at = 13 + colourTable(head[10] ?? 0);
  let frames = 0;
  while (at < head.length) {
    const block = head[at];
    if (block === 0x3b) return false;
    if (block === 0x2c) {
      if (++frames > 1) return true;
      at = skipSubBlocks(head, at + 11 + colourTable(head[at + 9] ?? 0));
    } else if (block === 0x21) {
      at = skipSubBlocks(head, at + 2);
    } else {
      return false;
    }
  }
  return contains(head, "NETSCAPE2.0");
}

/** Bytes of the colour table that the flags announce. */
function colourTable(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

function skipSubBlocks(head: Uint8Array, from: number): number {
  let at = from;
  while (at < head.length && head[at] !== 0) at += 1 + (head[at] ?? 0);
  return at + 1;
}

/** One to 255 pictures, and the reserved byte of the first entry is 0. */
function isIcon(head: Uint8Array): boolean {
  return matches(head, "00 00 01 00 .. 00 .. .. .. 00") && head[4] !== 0;
}
