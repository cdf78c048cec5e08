/**
 * Files and pools: which one a new file belongs to, and which ones files belong to. A file keeps its pool for ever,
 * since the coordinator of that pool has its jobs. Called by `upload/` and by the coordinator's room; it never asks a
 * coordinator.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files } from "../db/schema.ts";

/** FNV-1a, 32 bits. */
const OFFSET = 2_166_136_261;
const PRIME = 16_777_619;

/** Spreads files evenly, whatever their ids have in common. Pure. */
export function choosePool(fileId: string, pools: readonly string[]): string {
  const [only] = pools;
  if (only === undefined) throw new Error("there is no pool");
  if (pools.length === 1) return only;
  let hash = OFFSET;
  for (const letter of fileId) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), PRIME);
  // The low bits alone know little of the first letters.
  const mixed = (hash ^ (hash >>> 15)) >>> 0;
  return pools[mixed % pools.length] ?? only;
}

/** From one name to the next. Without `pool <> 'main'`, word for word, the index `files_by_pool` is no help. */
const next = (after: SQL) => sql`select min(pool) from ${files} where pool <> 'main' and ${after}`;
export const POOLS_OF_FILES = sql`
  with recursive pools (name) as (
    ${next(sql`true`)}
    union all
    select (${next(sql`pool > pools.name`)}) from pools where pools.name is not null
  ) select name from pools where name is not null`;

/**
 * Pools besides the main one that some file belongs to, deleted ones too: whose coordinators have something to be
 * asked for.
 */
export async function listPools(db: Database): Promise<string[]> {
  const rows = await db.all<{ name: string }>(POOLS_OF_FILES);
  return rows.map(({ name }) => name);
}
