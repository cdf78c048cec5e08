/** Video and audio containers from their first bytes. Pure; called by `sniff.ts`, which has already looked for images. */
import { ascii, contains, indexOf, matches, uint } from "./bytes.ts";
import type { ImageFind } from "./sniff-images.ts";

const TS_SYNC = 0x47;
/** Plain packets, and those of Blu-ray and AVCHD with a four-byte timestamp before each. */
const TS_PACKETS = [
  { size: 188, offset: 0 },
  { size: 192, offset: 4 },
];
const TS_PACKETS_SEEN = 4;
/** Bytes in which EBML's document type stands. */
const EBML_HEADER = 4_096;

const MAGIC: readonly (readonly [pattern: string, type: string])[] = [
  ["00 00 01 ba", "video/mpeg"],
  ["00 00 01 b3", "video/mpeg"],
  ["46 4c 56 01", "video/x-flv"],
  ["30 26 b2 75 8e 66 cf 11", "video/x-ms-wmv"],
  ["66 4c 61 43", "audio/flac"],
  ["23 21 41 4d 52", "audio/amr"],
  ["49 44 33", "audio/mpeg"],
  ["2e 73 6e 64", "audio/basic"],
  ["63 61 66 66 00 01", "audio/x-caf"],
  ["4d 54 68 64 00 00 00 06", "audio/midi"],
];

export function sniffContainer(head: Uint8Array): string | null {
  const known = MAGIC.find(([pattern]) => matches(head, pattern));
  if (known) return known[1];
  if (matches(head, "1a 45 df a3")) return sniffMatroska(head);
  if (ascii(head, 0, 4) === "OggS") return sniffOgg(head);
  const form = ascii(head, 8, 4);
  if (ascii(head, 0, 4) === "RIFF" && form === "AVI ") return "video/x-msvideo";
  if (["RIFF", "RF64", "BW64"].includes(ascii(head, 0, 4)) && form === "WAVE") return "audio/wav";
  if (ascii(head, 0, 4) === "FORM" && (form === "AIFF" || form === "AIFC")) return "audio/aiff";
  if (isTransportStream(head)) return "video/mp2t";
  return sniffFrames(head);
}

function isTransportStream(head: Uint8Array): boolean {
  return TS_PACKETS.some(({ size, offset }) => {
    const packets = Math.min(TS_PACKETS_SEEN, Math.floor(head.length / size));
    if (packets < 2) return false;
    return Array.from({ length: packets }, (_, i) => head[offset + i * size]).every(
      (byte) => byte === TS_SYNC,
    );
  });
}

/** Codec ids begin with V_ or A_; an audio-only file names no video codec. */
function sniffMatroska(head: Uint8Array): string {
  const family = contains(head, "webm", EBML_HEADER) ? "webm" : "x-matroska";
  const silentOfVideo =
    contains(head, "A_") &&
    !/V_(?:VP[89]|AV1|MPEG|THEORA|MS|REAL|QUICKTIME|UNCOMP|FFV1|PRORES)/.test(latin(head));
  return `${silentOfVideo ? "audio" : "video"}/${family}`;
}

function latin(head: Uint8Array): string {
  return new TextDecoder("latin1").decode(head);
}

function sniffOgg(head: Uint8Array): string {
  const moving = ["\x80theora", "BBCD\0", "OVP80"].some((mark) => contains(head, mark));
  return moving ? "video/ogg" : "audio/ogg";
}

// ---------------------------------------------------------------- ISO base media (MP4 and its family)

/** Boxes with which a file without `ftyp` may begin: old QuickTime, and fragments. */
const BARE_BOXES: Readonly<Record<string, string>> = {
  moov: "video/quicktime",
  mdat: "video/quicktime",
  wide: "video/quicktime",
  styp: "video/mp4",
  moof: "video/mp4",
  sidx: "video/mp4",
};

/** Images too: AVIF and HEIC live in the same boxes. */
export function sniffIsoMedia(head: Uint8Array): ImageFind | null {
  const box = ascii(head, 4, 4);
  if (box !== "ftyp") {
    const type = BARE_BOXES[box];
    return type === undefined || uint(head, 0, 4) === 0 ? null : { type, animated: false };
  }
  const brands = brandsOf(head);
  const some = (...names: string[]) => names.some((name) => brands.includes(name));
  if (some("avif", "avis")) return { type: "image/avif", animated: some("avis") };
  if (some("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1")) {
    return { type: "image/heic", animated: false };
  }
  return { type: isoMovie(head, brands[0] ?? ""), animated: false };
}

function brandsOf(head: Uint8Array): string[] {
  const end = Math.min(uint(head, 0, 4), head.length);
  const brands = [ascii(head, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(ascii(head, at, 4));
  return brands;
}

function isoMovie(head: Uint8Array, major: string): string {
  if (/^M4[ABP] $/.test(major)) return "audio/mp4";
  const handlers = handlersOf(head);
  if (handlers.includes("soun") && !handlers.includes("vide")) return "audio/mp4";
  if (major === "qt  ") return "video/quicktime";
  return /^3g[p2]/.test(major) ? "video/3gpp" : "video/mp4";
}

/** Handler types of the tracks, where the movie box lies within the head. */
function handlersOf(head: Uint8Array): string[] {
  const handlers: string[] = [];
  for (let at = indexOf(head, "hdlr"); at >= 0; at = indexOf(head, "hdlr", at + 4)) {
    handlers.push(ascii(head, at + 12, 4));
  }
  return handlers;
}

// ---------------------------------------------------------------- bare MPEG audio frames

const MP3_RATES = [44_100, 48_000, 32_000];
const MP3_KBITS_V1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MP3_KBITS_V2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/** A frame header is only two bytes of certainty, so a second frame must stand where the first one ends. */
function sniffFrames(head: Uint8Array): string | null {
  if (head[0] !== 0xff || ((head[1] ?? 0) & 0xe0) !== 0xe0) return null;
  const layer = ((head[1] ?? 0) >> 1) & 0x03;
  const adts = layer === 0 && ((head[1] ?? 0) & 0xf6) === 0xf0;
  const length = adts ? (uint(head, 3, 3) >> 5) & 0x1fff : layer === 1 ? layer3Length(head) : 0;
  const next = length > 4 && head[length] === 0xff && head[length + 1] === head[1];
  if (!next) return null;
  return adts ? "audio/aac" : "audio/mpeg";
}

function layer3Length(head: Uint8Array): number {
  const version = ((head[1] ?? 0) >> 3) & 0x03;
  const rate = MP3_RATES[((head[2] ?? 0) >> 2) & 0x03];
  const index = (head[2] ?? 0) >> 4;
  const kbits = (version === 3 ? MP3_KBITS_V1 : MP3_KBITS_V2)[index];
  if (rate === undefined || kbits === undefined || kbits === 0 || version === 1) return 0;
  const hertz = version === 3 ? rate : version === 2 ? rate / 2 : rate / 4;
  const padding = ((head[2] ?? 0) >> 1) & 0x01;
  return Math.floor(((version === 3 ? 144 : 72) * kbits * 1_000) / hertz) + padding;
}
