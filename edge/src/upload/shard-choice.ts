/** The shards as they are now, and the one for this file. Reads the usage from the catalogue, and decides by `storage/shards.ts`. */
import { z } from "zod";
import type { Config } from "../config.ts";
import type { Database } from "../db/client.ts";
import { listShardUsage } from "../catalog/shard-usage.ts";
import { Problem } from "../http/problems.ts";
import { chooseShard, isAble, type Place, type ShardCandidate } from "../storage/shards.ts";

/** Seconds until a shard that failed is looked at again, at the least. */
const RETRY_AFTER_S = 30;

const degrees = (most: number) =>
  z.string().regex(/\d/).transform(Number).pipe(z.number().min(-most).max(most));
/** Cloudflare gives both as text, or not at all. */
const Location = z.object({ latitude: degrees(90), longitude: degrees(180) });

export function placeOf(cf: unknown): Place | null {
  const location = Location.safeParse(cf);
  return location.success ? { lat: location.data.latitude, lon: location.data.longitude } : null;
}

export async function shardCandidates(db: Database, config: Config): Promise<ShardCandidate[]> {
  const usage = new Map((await listShardUsage(db)).map((row) => [row.name, row]));
  return config.shards.map((shard) => ({
    ...shard,
    usedBytes: usage.get(shard.name)?.usedBytes ?? 0,
    coolingUntil: usage.get(shard.name)?.coolingUntil ?? 0,
  }));
}

/** Throws where none can take the file: 503 if one could but for its failures, else 507. */
export function pickShard(
  candidates: ShardCandidate[],
  place: Place | null,
  size: number,
  now: number,
): ShardCandidate {
  const shard = chooseShard(candidates, place, size, now, Math.random);
  if (shard !== null) return shard;
  if (candidates.some((candidate) => isAble(candidate, size, Infinity))) {
    throw new Problem("unavailable", "The storage does not answer right now.", {
      hint: "Send the file again in a minute.",
      retryAfter: RETRY_AFTER_S,
    });
  }
  throw new Problem("out_of_space", "There is no room left for a file of this size.", {
    hint: "Send a smaller file, or ask the owner of this host to raise budget_bytes in SHARDS.",
  });
}
