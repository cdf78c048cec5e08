/** Counts what R2 would bill as class A (writes, multipart steps) among requests to the storage. Pure. */
import type { Asked } from "./storage-proxy.ts";

export interface ClassA {
  puts: number;
  parts: number;
  /** Multipart uploads. */
  uploads: number;
  /** Each is begun and completed by binding, where no proxy sees it. */
  multipart: number;
  /** The upload itself goes through a binding: one put where the length is known, as curl tells it. */
  originals: number;
  /** Puts by the object's name, as agents name them: "720.mp4". */
  names: Record<string, number>;
}

/** Refused attempts cost nothing that is billed as a write. */
export function classA(asked: readonly Asked[]): ClassA {
  const written = asked.filter(({ method, status }) => method === "PUT" && status < 300);
  const parts = written.filter(({ upload }) => upload !== "");
  const puts = written.filter(({ upload }) => upload === "");
  const uploads = new Set(parts.map(({ upload }) => upload)).size;
  const names: Record<string, number> = {};
  for (const { path } of puts) {
    const name = path.split("/").at(-1) ?? "";
    names[name] = (names[name] ?? 0) + 1;
  }
  return { puts: puts.length, parts: parts.length, uploads, multipart: 2 * uploads, originals: 1, names };
}
