/**
 * What stands in until a still has been made: one static picture for each kind of file, so that a link sent
 * on the moment it exists shows something. Never kept by anybody, since the real one comes in a moment.
 */
import type { FileRow } from "../catalog/files.ts";
import type { FileKind } from "../db/schema.ts";
import { userBytesHeaders } from "../http/headers.ts";
import { Problem } from "../http/problems.ts";
import { NEVER } from "./freshness.ts";
import { POSTER_JPEG, WEBP_OF } from "./placeholder-bytes.ts";

export type Still = "thumbnail" | "preview" | "poster";

/** Which files have it at all; anything may be shown as a thumbnail in a list. */
const HAVE: Record<Still, readonly FileKind[] | "all"> = {
  thumbnail: "all",
  preview: ["image", "animation", "document"],
  poster: ["video", "animation", "audio"],
};

/** Throws 404 for a still that this kind of file never gets. */
export function placeholderAnswer(file: FileRow, still: Still, method: string): Response {
  const kinds = HAVE[still];
  if (kinds !== "all" && !kinds.includes(file.kind)) {
    throw new Problem("not_found", `A file of this kind has no ${still}.`, {
      hint: `The original is at /${file.id}.${file.extension}`,
    });
  }
  const type = still === "poster" ? "image/jpeg" : "image/webp";
  const bytes = decode(still === "poster" ? POSTER_JPEG : WEBP_OF[file.kind]);
  return new Response(method === "HEAD" ? null : bytes, {
    headers: {
      ...userBytesHeaders(type),
      "Content-Type": type,
      "Content-Length": String(bytes.byteLength),
      "Cache-Control": NEVER,
    },
  });
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
