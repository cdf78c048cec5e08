/** A rendition of its own object (stills, downloads, subtitles …) as something to serve, or the reason why there is none yet. */
import type { FileRow } from "../catalog/files.ts";
import type { RenditionRow } from "../catalog/renditions.ts";
import type { FileKind } from "../db/schema.ts";
import { Problem } from "../http/problems.ts";
import { contentDisposition } from "../media/names.ts";
import { RENDITION_FRESHNESS } from "./freshness.ts";
import type { ServedObject } from "./serve-object.ts";

/** Seconds after which it is worth asking again. */
const RETRY_AFTER_S = 5;
export type Product = "mp4" | "embed" | "m4a" | "subtitle" | "storyboard" | "waveform";
/** What each is called, and of which kinds of files it is made at all. */
const PRODUCTS: Record<Product, { noun: string; madeOf: readonly FileKind[] }> = {
  mp4: { noun: "The MP4 of this file", madeOf: ["video", "animation"] },
  embed: { noun: "A smaller MP4 of this file", madeOf: ["video"] },
  m4a: { noun: "The M4A of this file", madeOf: ["audio"] },
  subtitle: { noun: "This subtitle", madeOf: ["video"] },
  storyboard: { noun: "The storyboard of this file", madeOf: ["video"] },
  waveform: { noun: "The waveform of this file", madeOf: ["audio"] },
};

/** Null until it is ready. `name` is what a saved copy is called. */
export function servedRendition(
  file: FileRow,
  row: RenditionRow | null,
  { name, download }: { name: string; download: boolean },
): ServedObject | null {
  if (row?.state !== "ready" || row.objectKey === null || row.size === null) return null;
  return {
    shard: file.shard,
    key: row.objectKey,
    offset: 0,
    size: row.size,
    type: row.type,
    etag: `"${row.etag || row.version}"`,
    modified: row.updatedAt,
    freshness: RENDITION_FRESHNESS,
    disposition: contentDisposition(download ? "attachment" : "inline", name),
    cached: true,
  };
}

/** 503 while it is coming, 404 where it will never come. `row`: as it is wanted, if it is yet. */
export function missingProduct(file: FileRow, product: Product, row: RenditionRow | null): Problem {
  const { noun, madeOf } = PRODUCTS[product];
  // What holds no file back may still be coming when the file is called ready.
  const coming = row
    ? row.state === "waiting" || row.state === "making"
    : file.status === "processing" && madeOf.includes(file.kind);
  if (coming) {
    return new Problem("unavailable", `${noun} is still being made.`, {
      hint: "Try again in a few seconds, or take the original meanwhile.",
      retryAfter: RETRY_AFTER_S,
      expected: true,
    });
  }
  const why = row?.reason ? `: ${row.reason}` : "";
  return new Problem("not_found", `${noun} does not exist${why}.`, {
    hint: `The original is at /${file.id}.${file.extension}`,
  });
}

/** `holiday.mov` → `holiday.mp4`. */
export function renamed(name: string, extension: string): string {
  return `${name.replace(/\.[^.]*$/, "") || "file"}.${extension}`;
}
