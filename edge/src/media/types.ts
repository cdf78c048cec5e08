/**
 * What we know of each media type that sniffing can find: its extension, which kind of file it makes, and
 * whether a browser may show it in place. Pure. Inline are raster images, audio, MP4, WebM and plain text only.
 */
/** As the catalogue has them (`db/schema.ts`); this folder imports nothing but itself. */
export type FileKind = "image" | "animation" | "video" | "audio" | "text" | "document" | "other";

export interface TypeFacts {
  extension: string;
  kind: FileKind;
  inline: boolean;
}

function row(extension: string, kind: FileKind, inline: boolean): TypeFacts {
  return { extension, kind, inline };
}

export const UNKNOWN_TYPE = "application/octet-stream";
export const PLAIN_TEXT = "text/plain";

const TYPES: Readonly<Record<string, TypeFacts>> = {
  "image/jpeg": row("jpg", "image", true),
  "image/png": row("png", "image", true),
  "image/gif": row("gif", "image", true),
  "image/webp": row("webp", "image", true),
  "image/avif": row("avif", "image", true),
  "image/heic": row("heic", "image", true),
  "image/bmp": row("bmp", "image", true),
  "image/tiff": row("tiff", "image", true),
  "image/x-icon": row("ico", "image", true),
  "image/svg+xml": row("svg", "document", false),
  "image/vnd.adobe.photoshop": row("psd", "other", false),
  "video/mp4": row("mp4", "video", true),
  "video/webm": row("webm", "video", true),
  "video/quicktime": row("mov", "video", false),
  "video/3gpp": row("3gp", "video", false),
  "video/x-matroska": row("mkv", "video", false),
  "video/x-msvideo": row("avi", "video", false),
  "video/mp2t": row("ts", "video", false),
  "video/mpeg": row("mpg", "video", false),
  "video/x-flv": row("flv", "video", false),
  "video/x-ms-wmv": row("wmv", "video", false),
  "video/ogg": row("ogv", "video", false),
  "audio/mpeg": row("mp3", "audio", true),
  "audio/aac": row("aac", "audio", true),
  "audio/flac": row("flac", "audio", true),
  "audio/wav": row("wav", "audio", true),
  "audio/mp4": row("m4a", "audio", true),
  "audio/ogg": row("ogg", "audio", true),
  "audio/webm": row("weba", "audio", true),
  "audio/x-matroska": row("mka", "audio", true),
  "audio/aiff": row("aiff", "audio", true),
  "audio/amr": row("amr", "audio", true),
  "audio/basic": row("au", "audio", true),
  "audio/x-caf": row("caf", "audio", true),
  "audio/midi": row("mid", "other", false),
  "application/pdf": row("pdf", "document", false),
  "application/epub+zip": row("epub", "document", false),
  "application/vnd.oasis.opendocument.text": row("odt", "document", false),
  "application/vnd.oasis.opendocument.spreadsheet": row("ods", "document", false),
  "application/vnd.oasis.opendocument.presentation": row("odp", "document", false),
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": row("docx", "document", false),
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": row("xlsx", "document", false),
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": row("pptx", "document", false),
  "application/zip": row("zip", "other", false),
  "application/gzip": row("gz", "other", false),
  "application/zstd": row("zst", "other", false),
  "application/x-xz": row("xz", "other", false),
  "application/x-bzip2": row("bz2", "other", false),
  "application/x-7z-compressed": row("7z", "other", false),
  "application/vnd.rar": row("rar", "other", false),
  "application/x-tar": row("tar", "other", false),
  "application/wasm": row("wasm", "other", false),
  "application/vnd.sqlite3": row("sqlite", "other", false),
  "font/woff2": row("woff2", "other", false),
  "text/html": row("html", "text", false),
  "application/xhtml+xml": row("xhtml", "text", false),
  "text/xml": row("xml", "text", false),
  "application/json": row("json", "text", false),
  [PLAIN_TEXT]: row("txt", "text", true),
};

const UNKNOWN: TypeFacts = row("bin", "other", false);
const FOREIGN_TO_TEXT = new Set(
  Object.values(TYPES)
    .filter(({ kind }) => kind !== "text")
    .map(({ extension }) => extension),
);

export function factsOf(type: string): TypeFacts {
  return TYPES[type] ?? UNKNOWN;
}

/** True for "mp4", "png" …: a plain text that calls itself so does not get that extension. */
export function isForeignToText(extension: string): boolean {
  return FOREIGN_TO_TEXT.has(extension);
}
