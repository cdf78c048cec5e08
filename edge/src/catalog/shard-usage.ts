/**
 * What each shard holds and how its last operations went. Used bytes are the originals reserved or stored,
 * and the objects of committed renditions and rectangles, of files that are not deleted. Every change of
 * them rides in the batch that changes the row it stands for, guarded by that row's state before.
 */
import { eq, gt, sql, type SQL } from "drizzle-orm";
import { MINUTE, SECOND } from "../config.ts";
import type { Database } from "../db/client.ts";
import { shards } from "../db/schema.ts";

export type ShardUsage = typeof shards.$inferSelect;

const FIRST_COOLING_MS = 10 * SECOND;
const LONGEST_COOLING_MS = 10 * MINUTE;

/** Shards never written to have no row. */
export function listShardUsage(db: Database): Promise<ShardUsage[]> {
  return db.select().from(shards);
}

/** A statement for a batch: adds `bytes` (may be negative) to the shard where `when` holds. */
export function addShardBytes(db: Database, shard: string | SQL, bytes: number | SQL, when: SQL) {
  return db.run(sql`
    insert into ${shards} (name, used_bytes) select ${shard}, ${bytes} where ${when}
    on conflict (name) do update set used_bytes = shards.used_bytes + excluded.used_bytes`);
}

/** The shard is passed over for a while that doubles with each failure in a row. */
export async function noteShardFailure(db: Database, shard: string, now: number): Promise<void> {
  const cooling = sql`${now} + min(${LONGEST_COOLING_MS}, ${FIRST_COOLING_MS} << min(${shards.failures}, 10))`;
  await db
    .insert(shards)
    .values({ name: shard, failures: 1, coolingUntil: now + FIRST_COOLING_MS })
    .onConflictDoUpdate({
      target: shards.name,
      set: { failures: sql`${shards.failures} + 1`, coolingUntil: cooling },
    });
}

/** Writes only when there is a failure to forget. */
export async function noteShardSuccess(db: Database, shard: string): Promise<void> {
  await db
    .update(shards)
    .set({ failures: 0, coolingUntil: 0 })
    .where(sql`${eq(shards.name, shard)} and ${gt(shards.failures, 0)}`);
}
