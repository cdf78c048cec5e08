/**
 * Keeps one file: reserve → write → catalogue, on the first shard that takes it. Both doors end here. A file
 * that could not be kept leaves nothing: no object, no row, no reserved byte.
 */
import type { Config } from "../config.ts";
import { findFile, releaseReservation, reserveFile, storeFile, type FileRow } from "../catalog/files.ts";
import { base62, hashSecret, newSecret, newSlug, ulid } from "../catalog/ids.ts";
import { forgetMultipart, noteMultipart } from "../catalog/multipart-uploads.ts";
import { choosePool } from "../catalog/pools.ts";
import { noteShardFailure, noteShardSuccess } from "../catalog/shard-usage.ts";
import type { Database } from "../db/client.ts";
import type { LogFields } from "../http/log.ts";
import { Problem } from "../http/problems.ts";
import { cleanName } from "../media/names.ts";
import { HEAD_BYTES, sniff, type Sniffed } from "../media/sniff.ts";
import { originalKey } from "../storage/object-keys.ts";
import { bucketOf, type Place, type ShardCandidate } from "../storage/shards.ts";
import { emptyFile, refuseTooLarge, refuseType } from "./limits.ts";
import { pickShard, shardCandidates } from "./shard-choice.ts";
import type { Source } from "./source.ts";
import { StorageFailure, writeObject, type WrittenObject } from "./write-object.ts";

export interface Keeper {
  env: Env;
  config: Config;
  db: Database;
  owner: string;
  place: Place | null;
  warn(message: string, fields: LogFields): void;
}

export interface Incoming {
  /** As the sender wrote it. */
  name: string;
  source: Source;
  /** Its own length, where that is known before the end. */
  length: number | null;
  /** Bytes it has at most. */
  atMost: number;
  /** Throws where the request breaks off after the file's last byte. */
  settled: () => Promise<void>;
}

export interface KeptFile {
  file: FileRow;
  deleteKey: string;
  /** Null where nothing is to be derived. */
  outboxId: string | null;
}

/** Kinds that an agent makes something of. */
const DERIVED: ReadonlySet<string> = new Set(["image", "animation", "video", "audio"]);
const NONCE_LENGTH = 12;

export async function keepFile(keeper: Keeper, incoming: Incoming): Promise<KeptFile> {
  const { source } = incoming;
  if (source.head.length === 0) throw emptyFile();
  if (source.whole) refuseTooLarge(source.head.length, keeper.config);
  const name = cleanName(incoming.name);
  const found = sniff(source.head.subarray(0, HEAD_BYTES), name, source.head.length < HEAD_BYTES);
  refuseType(found.type, keeper.config);
  const size = source.whole ? source.head.length : (incoming.length ?? incoming.atMost);
  const candidates = await shardCandidates(keeper.db, keeper.config);
  for (;;) {
    const shard = pickShard(candidates, keeper.place, size, Date.now());
    try {
      const kept = await keepOn(shard, keeper, incoming, { name, size, found });
      if (kept !== null) return kept;
      shard.usedBytes = shard.budgetBytes;
    } catch (error) {
      if (!(error instanceof StorageFailure)) throw error;
      await noteFailure(keeper, shard, error);
      if (source.touched()) throw storageGaveUp();
      shard.coolingUntil = Infinity;
    }
  }
}

interface Described {
  name: string;
  /** To be reserved. */
  size: number;
  found: Sniffed;
}

/** Null: the shard filled up meanwhile, nothing was sent. */
async function keepOn(
  shard: ShardCandidate,
  keeper: Keeper,
  incoming: Incoming,
  { name, size, found }: Described,
): Promise<KeptFile | null> {
  const { db, owner } = keeper;
  const { type, extension, kind } = found;
  const now = Date.now();
  const deleteKey = newSecret();
  const id = newSlug();
  const objectKey = originalKey(id, base62(NONCE_LENGTH));
  const pool = choosePool(id, keeper.config.pools);
  const row = { id, owner, name, extension, type, kind, size, shard: shard.name, pool, objectKey };
  const reservation = { ...row, deleteKeyHash: await hashSecret(deleteKey), now };
  const outcome = await reserveFile(db, reservation, shard.budgetBytes);
  if (outcome === "taken") return await keepOn(shard, keeper, incoming, { name, size, found });
  if (outcome === "full") return null;
  try {
    const written = await write(keeper, reservation, incoming);
    await incoming.settled();
    const outboxId = DERIVED.has(kind) ? ulid(Date.now()) : null;
    const file = await catalogue(db, id, written, outboxId);
    if (shard.coolingUntil > 0) await noteShardSuccess(db, shard.name);
    return { file, deleteKey, outboxId };
  } catch (error) {
    await undo(keeper, reservation);
    throw error;
  }
}

type Reserved = Pick<FileRow, "id" | "name" | "owner" | "type" | "shard" | "objectKey"> & { now: number };

function write(keeper: Keeper, file: Reserved, incoming: Incoming): Promise<WrittenObject> {
  const { db, env, config } = keeper;
  const ref = (uploadId: string) => ({ uploadId, shard: file.shard, objectKey: file.objectKey });
  return writeObject(incoming.source, incoming.length, config.maxFileBytes, {
    bucket: bucketOf(env, file.shard),
    key: file.objectKey,
    options: {
      httpMetadata: { contentType: file.type },
      // So that the catalogue can be rebuilt from the buckets. Letters of ASCII only: headers carry them.
      customMetadata: {
        name: encodeURIComponent(file.name),
        owner: file.owner,
        time: new Date(file.now).toISOString(),
      },
    },
    noteMultipart: (uploadId) => noteMultipart(db, ref(uploadId), file.now),
    forgetMultipart: (uploadId) => forgetMultipart(db, ref(uploadId)),
  });
}

async function catalogue(
  db: Database,
  id: string,
  { size, sha256 }: WrittenObject,
  outboxId: string | null,
): Promise<FileRow> {
  const status = outboxId === null ? "ready" : "processing";
  const file = await storeFile(db, id, { size, sha256, status, outboxId, now: Date.now() });
  if (file !== null) return file;
  throw new Problem("unavailable", "The upload took so long that its place was given away.", {
    hint: "Send the file again, on a faster connection if you can.",
    retryAfter: 1,
  });
}

/** The row first: while it says stored, its object stays. What cannot be undone now, the sweeps undo later. */
async function undo(keeper: Keeper, file: Reserved): Promise<void> {
  try {
    const released = await releaseReservation(keeper.db, file.id);
    if (!released && (await findFile(keeper.db, file.id)) !== null) return;
    await bucketOf(keeper.env, file.shard).delete(file.objectKey);
  } catch (error) {
    keeper.warn("an upload that failed could not be cleared away", { file: file.id, cause: String(error) });
  }
}

async function noteFailure(keeper: Keeper, shard: ShardCandidate, failure: StorageFailure): Promise<void> {
  keeper.warn("a shard did not take an upload", { shard: shard.name, cause: String(failure.cause) });
  await noteShardFailure(keeper.db, shard.name, Date.now());
}

function storageGaveUp(): Problem {
  return new Problem("unavailable", "The storage broke off while taking the file.", {
    hint: "Send the file again: another place will be chosen.",
    retryAfter: 1,
  });
}
