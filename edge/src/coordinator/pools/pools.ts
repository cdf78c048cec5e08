/**
 * Which pools there are: those of `POOLS`, which get new files and new agents, and those that older files still
 * belong to. The latter drain: their jobs are done, and nothing new comes. Called by the doors, the sweeps and the
 * operator's room; what one file's coordinator is asked goes to `coordinatorOf(env, file.pool)` without it.
 */
import { listPools } from "../../catalog/pools.ts";
import { loadConfig, MAIN_POOL, POOL_NAME } from "../../config.ts";
import type { Database } from "../../db/client.ts";

/** The main pool is among them even where it is not named: files from before there were pools are its. */
export async function allPools(env: Env, db: Database): Promise<string[]> {
  return [...new Set([...loadConfig(env).pools, MAIN_POOL, ...(await listPools(db))])];
}

/** The catalogue is asked only about names that are not in `POOLS`. */
export async function isPool(env: Env, db: Database, name: string): Promise<boolean> {
  if (loadConfig(env).pools.includes(name)) return true;
  return POOL_NAME.test(name) && (await allPools(env, db)).includes(name);
}

/** Where an agent that knocks is let in: where it was told to move, else at home, else in the first pool. */
export async function poolAtDoor(
  env: Env,
  db: Database,
  asked: string | undefined,
  home: string,
): Promise<string> {
  if (asked !== undefined && (await isPool(env, db, asked))) return asked;
  const { pools } = loadConfig(env);
  return pools.includes(home) ? home : (pools[0] ?? MAIN_POOL);
}

/** The pool that a job's id begins with; null where it begins with none. Whether there is such a pool is another thing. */
export function poolOf(jobId: string): string | null {
  const [pool = "", ...rest] = jobId.split(".");
  return rest.length > 0 && POOL_NAME.test(pool) ? pool : null;
}
