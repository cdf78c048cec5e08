/** Reads a Range header against a size (RFC 9110 §14). Used wherever bytes are served. */

export type ByteRange =
  | { kind: "whole" }
  | { kind: "part"; offset: number; length: number }
  | { kind: "unsatisfiable" };

/**
 * One range is served; several are answered by the whole, which the RFC allows; another unit is ignored,
 * which it demands. What is in bytes but makes no sense is refused, so that a bug in a client shows.
 */
export function parseRange(header: string | null | undefined, size: number): ByteRange {
  if (header === null || header === undefined) return { kind: "whole" };
  const [unit, list] = header.split("=", 2).map((part) => part.trim());
  if (unit?.toLowerCase() !== "bytes" || list === undefined) return { kind: "whole" };
  if (list.includes(",")) return { kind: "whole" };
  const match = /^(\d*)\s*-\s*(\d*)$/.exec(list);
  if (!match) return { kind: "unsatisfiable" };
  const [, first = "", last = ""] = match;
  if (first === "") return last === "" ? { kind: "unsatisfiable" } : suffix(Number(last), size);
  const from = Number(first);
  const to = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (from >= size || to < from) return { kind: "unsatisfiable" };
  return { kind: "part", offset: from, length: to - from + 1 };
}

function suffix(wanted: number, size: number): ByteRange {
  const length = Math.min(wanted, size);
  return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", offset: size - length, length };
}
