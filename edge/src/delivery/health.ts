/**
 * Looks at each part the host stands on: the database, the coordinator, every shard. Called by `/healthz`.
 * Tells no label, key or size to strangers; what ails is in the log under the request's id.
 */
import { listShardUsage } from "../catalog/shard-usage.ts";
import { everywhere, type CoordinatorStatus } from "../coordinator/client.ts";
import { bucketOf } from "../storage/shards.ts";
import type { Visit } from "./visit.ts";

type Condition = "ok" | "failing" | "cooling" | "draining" | "closed";

export interface Health {
  success: boolean;
  database: Condition;
  coordinator: { state: Condition; agents_online: number; waiting: number; starving: number; leased: number };
  shards: Record<string, Condition>;
}

/** A part that does not answer in this time counts as failing. Milliseconds. */
const PATIENCE_MS = 3_000;
/** Never written: asking for it costs one read and answers null. */
const PROBE_KEY = "healthz";

export async function lookAround(visit: Visit, now: number): Promise<Health> {
  const [cooling, coordinator] = await Promise.all([coolingShards(visit, now), coordinatorHealth(visit)]);
  const shards = await shardConditions(visit, cooling ?? new Set());
  const database: Condition = cooling === null ? "failing" : "ok";
  const fit = Object.values(shards).some((state) => state === "ok");
  return { success: database === "ok" && coordinator.state === "ok" && fit, database, coordinator, shards };
}

/** Null where the database does not answer. */
async function coolingShards({ db }: Visit, now: number): Promise<Set<string> | null> {
  const usage = await soon(listShardUsage(db));
  return usage && new Set(usage.filter((shard) => shard.coolingUntil > now).map((shard) => shard.name));
}

/** Of all pools that get new files; one that does not answer fails them. */
async function coordinatorHealth({ env, config }: Visit): Promise<Health["coordinator"]> {
  const stati = await soon(everywhere(env, config.pools, (coordinator) => coordinator.status()));
  const sum = (read: (status: CoordinatorStatus) => number) =>
    (stati ?? []).reduce((total, status) => total + read(status), 0);
  return {
    state: stati === null ? "failing" : "ok",
    agents_online: sum(({ agents }) => agents.filter(({ online }) => online).length),
    waiting: sum(({ jobs }) => jobs["ready"] ?? 0),
    starving: sum(({ starving }) => starving),
    leased: sum(({ jobs }) => jobs["leased"] ?? 0),
  };
}

async function shardConditions(visit: Visit, cooling: Set<string>): Promise<Record<string, Condition>> {
  const conditions = visit.config.shards.map(async ({ name, state }): Promise<[string, Condition]> => {
    if (state !== "open") return [name, state];
    const answered = await soon(
      bucketOf(visit.env, name)
        .head(PROBE_KEY)
        .then(() => true),
    );
    if (answered === null) return [name, "failing"];
    return [name, cooling.has(name) ? "cooling" : "ok"];
  });
  return Object.fromEntries(await Promise.all(conditions));
}

/** Null on failure and on silence. */
async function soon<T>(answer: Promise<T>): Promise<T | null> {
  const silence = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  return Promise.race([answer.catch(() => null), silence]);
}
