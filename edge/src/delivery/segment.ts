/** The last step of an HLS address, and what it stands for as something to serve. Pure. */
import type { FileRow } from "../catalog/files.ts";
import type { SegmentLocation } from "../catalog/rectangles.ts";
import { SEGMENT_FRESHNESS } from "./freshness.ts";
import type { ServedObject } from "./serve-object.ts";

export type Piece = { kind: "list" } | { kind: "init" | "segment"; segment: number };

/** `index.m3u8`, `init-<n>.mp4` or `<n>.m4s`; null for anything else. */
export function parsePiece(step: string): Piece | null {
  if (step === "index.m3u8") return { kind: "list" };
  const [, init, segment] = /^(?:init-(\d{1,6})\.mp4|(\d{1,6})\.m4s)$/.exec(step) ?? [];
  if (init !== undefined) return { kind: "init", segment: Number(init) };
  return segment === undefined ? null : { kind: "segment", segment: Number(segment) };
}

/** What an address names was committed once and for ever, so the address itself is a strong validator. */
export function servedSegment(
  file: FileRow,
  location: SegmentLocation,
  { plan, track, piece }: { plan: string; track: string; piece: "init" | "segment" },
  segment: number,
): ServedObject {
  const [offset, size] = piece === "init" ? location.init : [location.offset, location.length];
  return {
    shard: file.shard,
    key: location.objectKey,
    offset,
    size,
    type: track.startsWith("audio") ? "audio/mp4" : "video/mp4",
    etag: `"${plan}-${track}-${piece}-${segment}"`,
    modified: null,
    freshness: SEGMENT_FRESHNESS,
    disposition: null,
    cached: true,
  };
}
