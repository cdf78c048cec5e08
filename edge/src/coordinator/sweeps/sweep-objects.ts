/**
 * Each day: objects and rows compared, shard by shard. Objects that no row refers to are counted first and
 * deleted only if they are few, since many mean that the catalogue is wrong, not the storage. Derived objects
 * that rows refer to and that are gone are made again; a missing original can only be reported.
 */
import { forgetObject, hasFiles, listReferences, type Reference } from "../../catalog/sweeps.ts";
import { DAY } from "../../config.ts";
import { logLine } from "../../http/log.ts";
import { bucketOf } from "../../storage/shards.ts";
import { SIGNED_LIFETIME_MS } from "../../storage/sign.ts";
import { coordinatorOf, everywhere } from "../client.ts";
import type { Sweep } from "./scheduled.ts";

/** A late upload by an old address, and a row that is on its way, have this long. */
const GRACE_MS = DAY + SIGNED_LIFETIME_MS;
/**
 * More orphans than this part of their own kind in a shard, and than a handful, stop the sweep. Of originals, since one
 * that is deleted is lost for ever; many derived objects beside them must not make theirs look few. Derived ones can be
 * made again, and each hedge, each inspection and each agent that dies leaves some.
 */
const MOST_ORPHANS: Kinds = { originals: 0.05, derived: 0.2 };
const HANDFUL = 20;
/** R2: keys in one delete, and in one list. */
const KEYS_PER_CALL = 1_000;
/** Sorts after every key. */
const LAST_KEY = "\u{10ffff}";

interface Kinds {
  originals: number;
  derived: number;
}

interface Findings {
  objects: Kinds;
  orphans: string[];
  missing: Reference[];
}

export async function sweepShards(sweep: Sweep): Promise<void> {
  const { config, db } = sweep;
  if (!(await hasFiles(db))) return;
  for (const { name } of config.shards) {
    const found = await compare(sweep, name);
    await remakeMissing(sweep, name, found.missing);
    await collect(sweep, name, found);
  }
}

async function compare({ env, db, now }: Sweep, shard: string): Promise<Findings> {
  const bucket = bucketOf(env, shard);
  const found: Findings = { objects: countKinds([]), orphans: [], missing: [] };
  let from = "";
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ limit: KEYS_PER_CALL, ...(cursor === undefined ? {} : { cursor }) });
    cursor = page.truncated ? page.cursor : undefined;
    const to = page.truncated ? (page.objects.at(-1)?.key ?? LAST_KEY) : LAST_KEY;
    const wanted = await listReferences(db, shard, from, to);
    const keys = new Set(wanted.map(({ key }) => key));
    const there = new Set(page.objects.map(({ key }) => key));
    const old = page.objects.filter(({ uploaded }) => uploaded.getTime() < now - GRACE_MS);
    const kinds = countKinds([...there]);
    found.objects.originals += kinds.originals;
    found.objects.derived += kinds.derived;
    found.orphans.push(...old.map(({ key }) => key).filter((key) => !keys.has(key)));
    found.missing.push(...wanted.filter(({ key }) => !there.has(key)));
    from = to;
  } while (cursor !== undefined);
  return found;
}

/** A row may be younger than the list: only what a HEAD does not find either is missing. */
async function remakeMissing(
  { env, config, db }: Sweep,
  shard: string,
  missing: readonly Reference[],
): Promise<void> {
  const bucket = bucketOf(env, shard);
  for (const reference of missing) {
    if (await bucket.head(reference.key)) continue;
    const { fileId, key, pool } = reference;
    const derived = isDerived(key);
    logLine(config.logLevel, "error", "object missing", { shard, file: fileId, key, remade: derived });
    if (!derived) continue;
    await forgetObject(db, reference);
    await coordinatorOf(env, pool).remake(fileId, [key]);
  }
}

async function collect(sweep: Sweep, shard: string, { objects, orphans }: Findings): Promise<void> {
  const { env, config } = sweep;
  const idle = await withoutBusy(sweep, orphans);
  const few = areFew(idle, objects);
  const fields = { shard, objects: objects.originals + objects.derived, orphans: idle.length, deleted: few };
  logLine(config.logLevel, few ? "info" : "error", "orphans", fields);
  if (!few) return;
  const bucket = bucketOf(env, shard);
  for (let at = 0; at < idle.length; at += KEYS_PER_CALL) {
    await bucket.delete(idle.slice(at, at + KEYS_PER_CALL));
  }
}

/** So few that the storage has them too many, and not the catalogue too few. */
export function areFew(orphans: readonly string[], objects: Kinds): boolean {
  const found = countKinds(orphans);
  const isFew = (kind: keyof Kinds) => found[kind] <= Math.max(HANDFUL, objects[kind] * MOST_ORPHANS[kind]);
  return isFew("originals") && isFew("derived");
}

function countKinds(keys: readonly string[]): Kinds {
  const derived = keys.filter(isDerived).length;
  return { originals: keys.length - derived, derived };
}

/** Work in hand may refer to objects that no row names yet. Of an orphan no row tells whose it is: all are asked. */
async function withoutBusy({ env, pools }: Sweep, keys: readonly string[]): Promise<string[]> {
  const files = [...new Set(keys.map(fileOf))];
  const busy = new Set<string>();
  for (let at = 0; at < files.length; at += KEYS_PER_CALL) {
    const some = files.slice(at, at + KEYS_PER_CALL);
    const inHand = await everywhere(env, pools, (coordinator) => coordinator.filesInHand(some));
    for (const id of inHand.flat()) busy.add(id);
  }
  return keys.filter((key) => !busy.has(fileOf(key)));
}

function isDerived(key: string): boolean {
  return key.startsWith("r/");
}

/** Keys are `o/<file>/…` and `r/<file>/…`. */
function fileOf(key: string): string {
  return key.split("/")[1] ?? "";
}
