/**
 * What a conditional or ranged request for one thing is to get (RFC 9110 §13.2.2 and §14.2), decided before
 * any byte is read. Pure; used for originals, renditions, segments and playlists alike.
 */
import { parseRange } from "../media/ranges.ts";

export interface Thing {
  /** Strong, with its quotes. */
  etag: string;
  /** Milliseconds; null: unknown. */
  modified: number | null;
  size: number;
}

export type Verdict =
  | { status: 200 }
  | { status: 206; offset: number; length: number }
  | { status: 304 }
  | { status: 416 };

export function decide(method: string, headers: Headers, thing: Thing): Verdict {
  if (isUnchanged(headers, thing)) return { status: 304 };
  // Ranges are defined for GET alone.
  if (method !== "GET" || !rangeStillHolds(headers.get("if-range"), thing)) return { status: 200 };
  const range = parseRange(headers.get("range"), thing.size);
  switch (range.kind) {
    case "whole":
      return { status: 200 };
    case "part":
      return { status: 206, offset: range.offset, length: range.length };
    case "unsatisfiable":
      return { status: 416 };
  }
}

/** If-None-Match wins over If-Modified-Since, and compares weakly. */
function isUnchanged(headers: Headers, { etag, modified }: Thing): boolean {
  const tags = headers.get("if-none-match");
  if (tags !== null) {
    const known: string[] = tags.match(/"[^"]*"/g) ?? [];
    return tags.trim() === "*" || known.includes(etag);
  }
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  return modified !== null && wholeSeconds(modified) <= since;
}

/** Compares strongly; a date must be exactly that of Last-Modified. */
function rangeStillHolds(ifRange: string | null, { etag, modified }: Thing): boolean {
  if (ifRange === null) return true;
  if (ifRange.includes('"')) return ifRange.trim() === etag;
  return modified !== null && Date.parse(ifRange) === wholeSeconds(modified);
}

/** HTTP dates have no milliseconds. */
function wholeSeconds(time: number): number {
  return time - (time % 1_000);
}
