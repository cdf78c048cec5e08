/**
 * Which shard takes a new file, and the bucket behind a shard's name. The choice is pure: an open, healthy
 * shard with room, the nearest to the visitor; among those about as near, by weight and free budget.
 */
import type { Shard } from "../config.ts";
import { Problem } from "../http/problems.ts";

export interface ShardCandidate extends Shard {
  usedBytes: number;
  /** Milliseconds since 1970; passed over until then. */
  coolingUntil: number;
}

/** Degrees. */
export interface Place {
  lat: number;
  lon: number;
}

const EARTH_RADIUS_KM = 6_371;
/** Shards this much farther than the nearest count as being as near: a few milliseconds. */
const SAME_DISTANCE_KM = 500;

/** `random` gives 0 … 1 (exclusive). Null: no shard can take `size` bytes now. */
export function chooseShard(
  candidates: readonly ShardCandidate[],
  place: Place | null,
  size: number,
  now: number,
  random: () => number,
): ShardCandidate | null {
  const able = candidates.filter((shard) => isAble(shard, size, now));
  const distances = able.map((shard) => (place === null ? 0 : distanceKm(place, shard)));
  const nearest = Math.min(...distances);
  const near = able.filter((_, i) => (distances[i] ?? Infinity) <= nearest + SAME_DISTANCE_KM);
  return pickByShare(near, random());
}

export function isAble(shard: ShardCandidate, size: number, now: number): boolean {
  return shard.state === "open" && now >= shard.coolingUntil && shard.usedBytes + size <= shard.budgetBytes;
}

export function distanceKm(from: Place, to: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const height = Math.sin(radians(to.lat - from.lat) / 2) ** 2;
  const width = Math.sin(radians(to.lon - from.lon) / 2) ** 2;
  const chord = height + Math.cos(radians(from.lat)) * Math.cos(radians(to.lat)) * width;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}

function pickByShare(shards: ShardCandidate[], point: number): ShardCandidate | null {
  const shares = shards.map((shard) => shard.weight * (1 - shard.usedBytes / shard.budgetBytes));
  let left = point * shares.reduce((sum, share) => sum + share, 0);
  for (const [i, shard] of shards.entries()) {
    left -= shares[i] ?? 0;
    if (left < 0) return shard;
  }
  return shards.at(-1) ?? null;
}

/** Throws where wrangler.toml has no bucket binding of that name. */
export function bucketOf(env: Env, shard: string): R2Bucket {
  const binding: unknown = Reflect.get(env, shard);
  if (!isBucket(binding)) {
    throw new Problem("unavailable", `The storage shard ${shard} is not connected.`, {
      hint: `Bind its bucket as ${shard} under [[r2_buckets]] in wrangler.toml, or take it out of SHARDS.`,
      retryAfter: 60,
    });
  }
  return binding;
}

function isBucket(binding: unknown): binding is R2Bucket {
  return typeof binding === "object" && binding !== null && "createMultipartUpload" in binding;
}
