/**
 * Whole renditions and segments in the data centre's cache (Cache API). Whoever calls has already decided
 * that the visitor may see them. The cache refuses to keep a 206 and answers ranges from a kept 200, so only
 * whole bodies go in. Originals never do.
 */
import { MIB } from "../config.ts";
import { CACHED_COPY_SECONDS } from "./freshness.ts";

/** The platform keeps no larger ones; they are read from R2 range by range. */
export const LARGEST_CACHED_BYTES = 512 * MIB;

export interface CachedThing {
  /** Of R2, so it is never used for other bytes. */
  key: string;
  /** Where it lies within the object, in bytes. */
  offset: number;
  size: number;
  type: string;
}

export interface Part {
  offset: number;
  length: number;
}

export async function matchCached(
  origin: string,
  thing: CachedThing,
  part: Part | null,
): Promise<ReadableStream | null> {
  const headers = new Headers();
  if (part) headers.set("Range", `bytes=${part.offset}-${part.offset + part.length - 1}`);
  const hit = await caches.default.match(new Request(cachedAddress(origin, thing), { headers }));
  if (hit?.status === (part ? 206 : 200)) return hit.body;
  await hit?.body?.cancel();
  return null;
}

export async function keepCached(
  origin: string,
  thing: CachedThing,
  body: ArrayBuffer | ReadableStream,
): Promise<void> {
  const headers = {
    "Content-Type": thing.type,
    "Content-Length": String(thing.size),
    "Cache-Control": `public, max-age=${CACHED_COPY_SECONDS}`,
  };
  await caches.default.put(cachedAddress(origin, thing), new Response(body, { headers }));
}

export async function forgetCached(origin: string, things: Iterable<CachedThing>): Promise<void> {
  for (const thing of things) await caches.default.delete(cachedAddress(origin, thing));
}

function cachedAddress(origin: string, { key, offset, size }: CachedThing): string {
  return `${origin}/.cached/${key}?bytes=${offset}-${offset + size}`;
}
