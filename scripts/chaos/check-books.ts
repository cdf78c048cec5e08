/**
 * The catalogue against the storage and against itself, after the daily sweep: what R2 holds is what rows refer to,
 * shard counters are the sums of their rows, each segment has exactly one owner, nothing is left to be told. Asks in
 * SQL of its own, so that a mistake of the edge's queries is not repeated here.
 */
import { z } from "zod";
import type { LocalEdge } from "../local-edge.ts";

const SHARDS = ["SHARD_WEUR", "SHARD_ENAM"];

const Reference = z.object({ shard: z.string(), key: z.string() });
const Usage = z.object({ name: z.string(), used: z.number(), sum: z.number() });
const Planned = z.object({ id: z.string(), fileId: z.string(), body: z.string() });
const Body = z.object({
  boundaries: z.array(z.number()),
  rungs: z.array(z.object({ name: z.string() })),
});
const Owned = z.object({ planId: z.string(), track: z.string(), segments: z.string() });
const Segments = z.array(z.tuple([z.number()]).rest(z.number()));

const REFERENCES = `
  select shard, object_key as key from files where state = 'stored'
  union all select f.shard, r.object_key from renditions r join files f on f.id = r.file_id
    where f.state = 'stored' and r.object_key is not null
  union all select f.shard, r.object_key from rectangles r join files f on f.id = r.file_id where f.state = 'stored'`;

const USAGE = `
  select s.name, s.used_bytes as used,
    (select coalesce(sum(size), 0) from files where shard = s.name and state <> 'deleted')
    + (select coalesce(sum(r.size), 0) from renditions r join files f on f.id = r.file_id
        where f.shard = s.name and f.state <> 'deleted' and r.object_key is not null)
    + (select coalesce(sum(r.size), 0) from rectangles r join files f on f.id = r.file_id
        where f.shard = s.name and f.state <> 'deleted') as sum
  from shards s`;

const LEFT_OVER: Readonly<Record<string, string>> = {
  "words for the coordinator that were never sent":
    "select count(*) as n from work_outbox where sent_at is null",
  "reservations of uploads that never came": "select count(*) as n from files where state = 'pending'",
  "multipart uploads under way": "select count(*) as n from multipart_uploads",
};

export async function checkBooks(edge: LocalEdge): Promise<string[]> {
  const database = await edge.database();
  const rows = async <T>(schema: z.ZodType<T>, sql: string): Promise<T[]> =>
    z.array(schema).parse((await database.prepare(sql).all()).results);
  const problems = await compareStorage(edge, await rows(Reference, REFERENCES));
  for (const { name, used, sum } of await rows(Usage, USAGE)) {
    if (used !== sum) problems.push(`shard ${name} counts ${used} bytes, its rows have ${sum}`);
  }
  const plans = `select p.id, p.file_id as fileId, p.body from plans p join files f on f.plan_id = p.id
    where f.state = 'stored' and f.status = 'ready'`;
  const owned = await rows(Owned, "select plan_id as planId, track, segments from rectangles");
  for (const plan of await rows(Planned, plans)) problems.push(...checkOwners(plan, owned));
  for (const [what, sql] of Object.entries(LEFT_OVER)) {
    const [count] = await rows(z.object({ n: z.number() }), sql);
    if (count && count.n > 0) problems.push(`${count.n} ${what}`);
  }
  return problems;
}

async function compareStorage(edge: LocalEdge, references: z.infer<typeof Reference>[]): Promise<string[]> {
  const problems: string[] = [];
  for (const shard of SHARDS) {
    const listed = await listKeys(await edge.bucket(shard));
    const wanted = new Set(references.filter((one) => one.shard === shard).map(({ key }) => key));
    const orphans = [...listed].filter((key) => !wanted.has(key));
    const missing = [...wanted].filter((key) => !listed.has(key));
    if (orphans.length > 0)
      problems.push(`${shard}: no row refers to ${orphans.length} objects: ${some(orphans)}`);
    if (missing.length > 0) problems.push(`${shard}: ${missing.length} objects are gone: ${some(missing)}`);
  }
  return problems;
}

async function listKeys(bucket: R2Bucket): Promise<Set<string>> {
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await bucket.list(cursor === undefined ? {} : { cursor });
    for (const { key } of page.objects) keys.add(key);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return keys;
}

/** Every segment of every rung is owned once. */
export function checkOwners(
  plan: z.infer<typeof Planned>,
  owned: readonly z.infer<typeof Owned>[],
): string[] {
  const { boundaries, rungs } = Body.parse(JSON.parse(plan.body));
  return rungs.flatMap(({ name }) => {
    const its = owned.filter(({ planId, track }) => planId === plan.id && track === name);
    const segments = its.flatMap((row) =>
      Segments.parse(JSON.parse(row.segments)).map(([segment]) => segment),
    );
    const whole =
      new Set(segments).size === boundaries.length - 1 && segments.length === boundaries.length - 1;
    return whole
      ? []
      : [`${plan.fileId}, rung ${name}: segments ${segments.sort((a, b) => a - b).join(" ")} have owners`];
  });
}

function some(keys: readonly string[]): string {
  return keys.slice(0, 3).join(", ");
}
