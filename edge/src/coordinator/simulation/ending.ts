/**
 * When nothing is left to do, both books are compared with each other and with the storage; then days pass, the
 * daily sweep runs, and what is left in the storage is exactly what rows refer to.
 */
import { DAY, HOUR, MINUTE, SECOND } from "../../config.ts";
import type { StoredObject } from "../ledger/ledger-types.ts";
import { etagOf } from "./bucket.ts";
import type { Liveness } from "./liveness.ts";
import { giveSecondChance } from "./second-chance.ts";
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";
import { demandWhole } from "./wholeness.ts";

/** Of the daily sweep, UTC. */
const QUIET_HOUR = 3;
/** The first finds what is missing, the second what was left by then, the third what was young. */
const SWEEPS = 3;
/** Orphans that are more than this, and than this part of their kind, originals or derived, stop a sweep. */
const HANDFUL = 20;
const FEW = { "o/": 0.05, "r/": 0.2 } as const;

const REFERENCES = `
  select shard, object_key as key from files where state = 'stored'
  union select files.shard, renditions.object_key from renditions join files on files.id = file_id
    where files.state = 'stored' and renditions.object_key is not null
  union select files.shard, rectangles.object_key from rectangles join files on files.id = file_id
    where files.state = 'stored'`;

const UNCLAIMED = `
  select rectangles.plan_id as planId, track, json_extract(piece.value, '$[0]') as segment,
    rectangles.object_key as objectKey
  from rectangles join files on files.id = file_id, json_each(segments) as piece where files.state = 'stored'
  order by 1, 2, 3`;

interface Place {
  planId: string;
  track: string;
  segment: number;
  objectKey: string;
}

/** Both books and the originals, now that nothing is under way. `swept`: days have passed. */
export function compareBooks(parts: Simulated, swept: boolean, complain: Complain): void {
  const { catalogue, object } = parts;
  compareOriginals(parts, complain);
  const stored = new Set(
    catalogue.rows<{ id: string }>("select id from files where state = 'stored'").map(({ id }) => id),
  );
  const made = new Map<string, string>();
  for (const { id, fileId, objects } of object.rows<{ id: string; fileId: string; objects: string }>(
    // What is superseded while it is made again keeps what was left of it.
    "select id, fileId, objects from jobs where state = 'done' or error like '%superseded%' order by id",
  )) {
    if (!stored.has(fileId)) continue;
    for (const { key } of JSON.parse(objects) as StoredObject[]) made.set(key, id);
  }
  for (const { key } of catalogue.rows<{ key: string }>(REFERENCES)) {
    if (key.startsWith("r/") && !made.has(key)) {
      complain("I2 committed once, and it matches", `the catalogue names ${key}, which no job has committed`);
    }
  }
  compareSegments(parts, complain);
  compareRenditions(parts, complain);
  demandWhole(parts, swept, complain);
}

/** What is stored, and what was acknowledged and nobody ever wanted to be deleted, whatever its row says now. */
function compareOriginals({ catalogue, edge, find }: Simulated, complain: Complain): void {
  const broken = (text: string) => complain("I1 what was stored is readable", text);
  const stored = new Map(
    catalogue
      .rows<{ id: string; key: string }>("select id, object_key as key from files where state = 'stored'")
      .map(({ id, key }) => [id, key]),
  );
  for (const id of edge.slugs.values())
    if (!stored.has(id) && !edge.unwanted.has(id))
      broken(`${id} was acknowledged, and nobody deleted it, and it is not there any more`);
  for (const [id, key] of stored) if (find(key)?.etag !== etagOf(id)) broken(`the original of ${id} is not`);
}

/** The claims of plans that the catalogue has, and its rectangles, are the same. */
function compareSegments({ catalogue, object }: Simulated, complain: Complain): void {
  const told = catalogue.rows<Place>(UNCLAIMED);
  const plans = new Set(
    catalogue
      .rows<{ id: string }>("select plan_id as id from files where state = 'stored' and plan_id is not null")
      .map(({ id }) => id),
  );
  const claims = object
    .rows<Place>("select planId, track, segment, objectKey from claims order by planId, track, segment")
    .filter(({ planId }) => plans.has(planId));
  const line = ({ planId, track, segment, objectKey }: Place) =>
    `${planId} ${track} ${segment} in ${objectKey}`;
  const [here, there] = [
    new Set(claims.map(line)),
    new Set(told.filter(({ planId }) => plans.has(planId)).map(line)),
  ];
  for (const one of here)
    if (!there.has(one)) complain("I2 committed once, and it matches", `only the coordinator knows ${one}`);
  for (const one of there)
    if (!here.has(one)) complain("I2 committed once, and it matches", `only the catalogue knows ${one}`);
}

/** Nothing that is wanted of a settled file still waits. */
function compareRenditions({ catalogue }: Simulated, complain: Complain): void {
  const rows = catalogue.rows<{ fileId: string; name: string; state: string }>(
    `select file_id as fileId, renditions.kind || '/' || renditions.name as name, renditions.state as state
     from renditions join files on files.id = file_id
     where files.state = 'stored' and renditions.state not in ('ready', 'failed')`,
  );
  for (const { fileId, name, state } of rows)
    complain("I2 committed once, and it matches", `${name} of ${fileId} still is ${state}`);
}

/** Days pass. */
export async function passDays(parts: Simulated, liveness: Liveness, stop: () => boolean): Promise<void> {
  const { world, edge } = parts;
  for (let sweep = 0; sweep < SWEEPS && !stop(); sweep++) {
    const night = Math.floor((world.now - QUIET_HOUR * HOUR) / DAY) * DAY + DAY + QUIET_HOUR * HOUR;
    world.leap(night - SECOND);
    await world.run(night, stop);
    edge.cron(night);
    await world.run(night + 2 * MINUTE, stop);
    if (!stop()) await liveness.settle(stop);
    // Pieces that the storage had lost are there again; what this leaves is collected in the third night.
    if (!stop() && sweep === 0) await giveSecondChance(parts, liveness, stop);
  }
}

/** What the storage holds after all that, shard by shard. */
export function compareStorage({ catalogue, buckets, rotten }: Simulated, complain: Complain): void {
  const broken = (text: string) => complain("I6 the storage is what rows refer to", text);
  const wanted = catalogue.rows<{ shard: string; key: string }>(REFERENCES);
  for (const [shard, { objects, uploads }] of buckets) {
    const keys = new Set(wanted.flatMap((row) => (row.shard === shard ? [row.key] : [])));
    const orphans = [...objects.keys()].filter((key) => !keys.has(key));
    const missing = [...keys].filter((key) => !objects.has(key));
    for (const key of missing) broken(`${key} is missing${rotten.has(key) ? " since it was lost" : ""}`);
    if (orphans.length > 0 && areFew(orphans, [...objects.keys()]))
      broken(`nothing refers to ${orphans.length} objects, such as ${orphans[0]}`);
    for (const [id, { key, abandoned }] of uploads)
      if (!abandoned) broken(`the multipart upload ${id} of ${key} is open for ever`);
  }
  const left = catalogue.rows<{ what: string }>(
    `select 'the multipart upload ' || upload_id as what from multipart_uploads
     union all select 'the reservation ' || id from files where state = 'pending'`,
  );
  for (const { what } of left) broken(`${what} is noted for ever`);
}

/** So few that the sweep had to delete them: more mean that the catalogue is wrong (`sweep-objects.ts`). */
export function areFew(orphans: readonly string[], all: readonly string[]): boolean {
  const count = (keys: readonly string[], kind: string) => keys.filter((key) => key.startsWith(kind)).length;
  return Object.entries(FEW).every(
    ([kind, part]) => count(orphans, kind) <= Math.max(HANDFUL, part * count(all, kind)),
  );
}
