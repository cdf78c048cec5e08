/**
 * What a file is, from its first bytes: the only place where a type is decided. Pure. The client's
 * Content-Type is never looked at; the name only tells apart what the bytes leave open (a .docx in a ZIP).
 */
import { ascii, contains, matches } from "./bytes.ts";
import { extensionOf } from "./names.ts";
import { sniffContainer, sniffIsoMedia } from "./sniff-containers.ts";
import { sniffImage } from "./sniff-images.ts";
import { sniffText } from "./sniff-text.ts";
import { factsOf, UNKNOWN_TYPE, type FileKind } from "./types.ts";

export interface Sniffed {
  type: string;
  extension: string;
  kind: FileKind;
  /** May be shown in place; else it is served as an attachment. */
  inline: boolean;
}

/** Bytes that are looked at: enough for the second frame of most moving GIFs. */
export const HEAD_BYTES = 64 * 1_024;
/** A PDF may begin a little late. */
const PDF_WITHIN = 1_024;

const MAGIC: readonly (readonly [pattern: string, type: string])[] = [
  ["1f 8b 08", "application/gzip"],
  ["28 b5 2f fd", "application/zstd"],
  ["fd 37 7a 58 5a 00", "application/x-xz"],
  ["42 5a 68", "application/x-bzip2"],
  ["37 7a bc af 27 1c", "application/x-7z-compressed"],
  ["52 61 72 21 1a 07", "application/vnd.rar"],
  ["00 61 73 6d", "application/wasm"],
  ["53 51 4c 69 74 65 20 66 6f 72 6d 61 74 20 33 00", "application/vnd.sqlite3"],
  ["77 4f 46 32", "font/woff2"],
];

/** `whole` says that `head` is all of the file. */
export function sniff(head: Uint8Array, name: string, whole = head.length < HEAD_BYTES): Sniffed {
  const image = sniffImage(head) ?? sniffIsoMedia(head);
  const type =
    image?.type ??
    sniffContainer(head) ??
    sniffOther(head, name) ??
    sniffText(head, whole, name) ??
    UNKNOWN_TYPE;
  const { kind, inline } = factsOf(type);
  return { type, extension: extensionOf(type, name), kind: image?.animated ? "animation" : kind, inline };
}

function sniffOther(head: Uint8Array, name: string): string | null {
  if (contains(head, "%PDF-", PDF_WITHIN)) return "application/pdf";
  if (matches(head, "50 4b 03 04") || matches(head, "50 4b 05 06")) return sniffZip(head, name);
  if (ascii(head, 257, 5) === "ustar") return "application/x-tar";
  return MAGIC.find(([pattern]) => matches(head, pattern))?.[1] ?? null;
}

const OFFICE = "application/vnd.openxmlformats-officedocument.";
const OFFICE_TYPES: Readonly<Record<string, string>> = {
  docx: `${OFFICE}wordprocessingml.document`,
  xlsx: `${OFFICE}spreadsheetml.sheet`,
  pptx: `${OFFICE}presentationml.presentation`,
};

/** EPUB and OpenDocument name their type in the first entry; Office files have a list of content types. */
function sniffZip(head: Uint8Array, name: string): string {
  const first = ascii(head, 30, 100);
  const declared =
    /^mimetype(application\/(?:epub\+zip|vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation)))/.exec(
      first,
    )?.[1];
  if (declared !== undefined) return declared;
  const office = OFFICE_TYPES[/\.([a-z]{4})$/i.exec(name)?.[1]?.toLowerCase() ?? ""];
  return office !== undefined && contains(head, "[Content_Types].xml") ? office : "application/zip";
}
