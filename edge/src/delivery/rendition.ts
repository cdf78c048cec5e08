/** A rendition of its own object (stills, mp4, m4a) as something to serve, or the reason why there is none yet. */
import type { FileRow } from "../catalog/files.ts";
import type { RenditionRow } from "../catalog/renditions.ts";
import type { FileKind } from "../db/schema.ts";
import { Problem } from "../http/problems.ts";
import { contentDisposition } from "../media/names.ts";
import { RENDITION_FRESHNESS } from "./freshness.ts";
import type { ServedObject } from "./serve-object.ts";

/** Seconds after which it is worth asking again. */
const RETRY_AFTER_S = 5;
const NOUNS = { mp4: "The MP4 of this file", m4a: "The M4A of this file" } as const;
/** Of which kinds of files it is made at all. */
const MADE_OF: Record<"mp4" | "m4a", readonly FileKind[]> = { mp4: ["video", "animation"], m4a: ["audio"] };

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

/** 503 while it is coming, 404 where it will never come. */
export function missingDownload(file: FileRow, kind: "mp4" | "m4a", row: RenditionRow | null): Problem {
  const coming = file.status === "processing" && row?.state !== "failed" && MADE_OF[kind].includes(file.kind);
  if (coming) {
    return new Problem("unavailable", `${NOUNS[kind]} is still being made.`, {
      hint: "Try again in a few seconds, or take the original meanwhile.",
      retryAfter: RETRY_AFTER_S,
    });
  }
  const why = row?.reason ? `: ${row.reason}` : "";
  return new Problem("not_found", `${NOUNS[kind]} does not exist${why}.`, {
    hint: `The original is at /${file.id}.${file.extension}`,
  });
}

/** `holiday.mov` → `holiday.mp4`. */
export function renamed(name: string, extension: string): string {
  return `${name.replace(/\.[^.]*$/, "") || "file"}.${extension}`;
}
