/**
 * Answers a GET or HEAD with bytes that lie in a shard: an original, a rendition, or one segment within an
 * object. Access has been decided before; this file only carries bytes, conditions, ranges and the cache.
 */
import { MIB, SECOND } from "../config.ts";
import { userBytesHeaders } from "../http/headers.ts";
import { Problem } from "../http/problems.ts";
import { bucketOf } from "../storage/shards.ts";
import { decide, type Thing, type Verdict } from "./conditions.ts";
import {
  type CachedThing,
  keepCached,
  LARGEST_CACHED_BYTES,
  matchCached,
  type Part,
} from "./rendition-cache.ts";
import { bytesOrigin, type Visit } from "./visit.ts";

export interface ServedObject extends Thing, CachedThing {
  shard: string;
  freshness: string;
  /** Content-Disposition; null: a part of something larger, that nobody saves. */
  disposition: string | null;
  cached: boolean;
}

/** Read once into memory, answered and kept; larger ones are read a second time to be kept. */
const SMALL_BYTES = 4 * MIB;
const RETRY_AFTER_S = 10;
/** Copies being put into the cache by this isolate. */
const filling = new Set<string>();

export async function serveObject(visit: Visit, object: ServedObject): Promise<Response> {
  const { method, headers } = visit.request;
  const verdict = decide(method, headers, object);
  if (verdict.status === 416) throw unsatisfiable(object.size);
  const answer = { status: verdict.status, headers: answerHeaders(object, verdict) };
  if (verdict.status === 304 || method === "HEAD") return new Response(null, answer);
  const part = verdict.status === 206 ? verdict : null;
  return new Response(object.size === 0 ? null : await readBytes(visit, object, part), answer);
}

async function readBytes(visit: Visit, object: ServedObject, part: Part | null) {
  if (!object.cached || object.size > LARGEST_CACHED_BYTES) return readStream(visit, object, part);
  const origin = bytesOrigin(visit);
  const hit = await matchCached(origin, object, part);
  if (hit) return hit;
  if (object.size > SMALL_BYTES) {
    visit.waitUntil(fillCache(visit, object));
    return readStream(visit, object, part);
  }
  const bytes = await (await readObject(visit, object, null)).arrayBuffer();
  visit.waitUntil(keepCached(origin, object, bytes));
  return part ? bytes.slice(part.offset, part.offset + part.length) : bytes;
}

async function readStream(visit: Visit, object: ServedObject, part: Part | null): Promise<ReadableStream> {
  return (await readObject(visit, object, part)).body;
}

/** A stream of its own, not a tee: of a teed stream the slower branch piles up in memory. */
async function fillCache(visit: Visit, object: ServedObject): Promise<void> {
  const name = `${object.key}@${object.offset}`;
  if (filling.has(name)) return;
  filling.add(name);
  try {
    await keepCached(bytesOrigin(visit), object, await readStream(visit, object, null));
  } finally {
    filling.delete(name);
  }
}

async function readObject(visit: Visit, object: ServedObject, part: Part | null): Promise<R2ObjectBody> {
  const { offset, length } = part ?? { offset: 0, length: object.size };
  const found = await bucketOf(visit.env, object.shard)
    .get(object.key, { range: { offset: object.offset + offset, length } })
    .catch(() => null);
  if (found) return found;
  throw new Problem("unavailable", "The storage does not hand out these bytes right now.", {
    hint: "Try again in a few seconds; if it stays so, tell the owner of this host.",
    retryAfter: RETRY_AFTER_S,
  });
}

function answerHeaders(object: ServedObject, verdict: Verdict): Headers {
  const headers = new Headers(userBytesHeaders(object.type));
  headers.set("ETag", object.etag);
  headers.set("Cache-Control", object.freshness);
  headers.set("Accept-Ranges", "bytes");
  if (object.modified !== null) headers.set("Last-Modified", httpDate(object.modified));
  if (verdict.status === 304) return headers;
  headers.set("Content-Type", object.type);
  headers.set("Content-Length", String(verdict.status === 206 ? verdict.length : object.size));
  if (object.disposition !== null) headers.set("Content-Disposition", object.disposition);
  if (verdict.status === 206) {
    const last = verdict.offset + verdict.length - 1;
    headers.set("Content-Range", `bytes ${verdict.offset}-${last}/${object.size}`);
  }
  return headers;
}

function unsatisfiable(size: number): Problem {
  return new Problem(
    "range_not_satisfiable",
    `There are ${size} bytes; the range asked for is not among them.`,
    {
      hint: "Ask again without a Range header, or for a range within the size in Content-Range.",
      headers: { "Content-Range": `bytes */${size}`, "Accept-Ranges": "bytes" },
    },
  );
}

function httpDate(time: number): string {
  return new Date(time - (time % SECOND)).toUTCString();
}
