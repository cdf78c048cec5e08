/**
 * The coordinator in real workerd for tests: the Worker of `worker.ts` with its database migrated, its object
 * to evict, and files to enqueue. Signed addresses go through the Worker's own relay.
 */
import { join } from "node:path";
import { createTestHarness, unstable_readConfig } from "wrangler";
import { createAgent } from "../../catalog/agents.ts";
import { reserveFile, storeFile, type FileRow } from "../../catalog/files.ts";
import { newSlug, ulid } from "../../catalog/ids.ts";
import { MAIN_POOL } from "../../config.ts";
import { openDatabase, type Database } from "../../db/client.ts";
import type { FileKind } from "../../db/schema.ts";
import { originalKey } from "../../storage/object-keys.ts";
import type { CoordinatorCalls } from "../client.ts";

export const SHARD = "SHARD_WEUR";
const root = join(import.meta.dirname, "../../../..");

export type TestEdge = Awaited<ReturnType<typeof startTestEdge>>;

export async function startTestEdge(vars: Record<string, string> = {}) {
  const server = createTestHarness({ root, workers: [{ config: testConfig(vars) }] });
  const { url } = await server.listen();
  const worker = server.getWorker<Env>();
  await worker.applyD1Migrations("DB");
  const env = await worker.getEnv();
  const db: Database = openDatabase(env.DB);
  const bucket = env[SHARD];
  const storage = () => worker.getDurableObjectStorage("COORDINATOR", { name: "main" });
  return {
    url: url.origin,
    db,
    bucket,
    calls: callsOver(url.origin, MAIN_POOL),
    callsOf: (pool: string) => callsOver(url.origin, pool),
    /** The cron as of `now`. */
    scheduled: (now: number) => post(url.origin, MAIN_POOL, "scheduled", [now]),
    agentKey: async (label = "test") => createAgent(db, { label }),
    storeFile: (kind: FileKind, bytes?: Uint8Array, pool?: string) =>
      storeTestFile(db, bucket, kind, bytes, pool),
    evict: (webSockets: "hibernate" | "close") =>
      worker.evictDurableObject("COORDINATOR", { name: "main", webSockets }),
    /** Everything that jobs, claims and the outbox hold. */
    state: async () =>
      JSON.stringify(
        await Promise.all(
          ["jobs", "claims", "outbox", "files", "wishes"].map((table) =>
            query(storage, `select * from ${table}`),
          ),
        ),
      ),
    sql: (statement: string, ...bindings: string[]) => query(storage, statement, ...bindings),
    sqlOf: (pool: string, statement: string) =>
      query(() => worker.getDurableObjectStorage("COORDINATOR", { name: pool }), statement),
    /** The row of a job, and of all jobs of a file. */
    job: async (id: string) => (await query(storage, "select * from jobs where id = ?", id))[0] ?? {},
    jobs: (fileId: string) => query(storage, "select * from jobs where fileId = ? order by id", fileId),
    clearJobs: () =>
      query(storage, "update jobs set state = 'cancelled' where state not in ('done', 'dead')"),
    logs: () => server.getLogs(),
    stop: () => server.close(),
  };
}

type Storage = () => Promise<{ exec(query: string, ...bindings: unknown[]): Promise<unknown> }>;

/** Rows of the object's own tables. */
async function query(
  storage: Storage,
  statement: string,
  ...bindings: string[]
): Promise<Record<string, unknown>[]> {
  return (await (await storage()).exec(statement, ...bindings)) as Record<string, unknown>[];
}

function testConfig(vars: Record<string, string>) {
  const read = unstable_readConfig({ config: join(root, "wrangler.toml") }, { hideWarnings: true });
  const { name, compatibility_date, d1_databases, durable_objects, migrations, r2_buckets } = read;
  return {
    ...{ name, compatibility_date, d1_databases, durable_objects, migrations, r2_buckets },
    ...{ ratelimits: read.ratelimits, assets: read.assets },
    main: "edge/src/coordinator/testing/worker.ts",
    vars: {
      ...read.vars,
      SIGNING_SECRET: "a secret for tests only, 32 bytes",
      ANONYMOUS_UPLOADS: "true",
      LOG_LEVEL: "warn",
      ...vars,
    },
  } as unknown as NonNullable<Extract<TestWorker, { config: unknown }>>["config"];
}
type TestWorker = NonNullable<Parameters<typeof createTestHarness>[0]>["workers"][number];

async function post(origin: string, pool: string, method: string, args: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ pool, method, args });
  const response = await fetch(`${origin}/testing/coordinator`, { method: "POST", body });
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  return response.json();
}

function callsOver(origin: string, pool: string): CoordinatorCalls {
  return new Proxy({} as CoordinatorCalls, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        post(origin, pool, String(method), args),
  });
}

/** A stored file as an upload leaves it: bytes in the shard, row and outbox row in the catalogue. */
async function storeTestFile(
  db: Database,
  bucket: R2Bucket,
  kind: FileKind,
  bytes: Uint8Array = new Uint8Array(1_000),
  pool: string = MAIN_POOL,
): Promise<{ file: FileRow; outboxId: string }> {
  const now = Date.now();
  const id = newSlug();
  const objectKey = originalKey(id, "n1");
  await bucket.put(objectKey, bytes);
  const row = { id, pool, owner: "anonymous", name: "a", extension: "bin", type: "application/octet-stream" };
  const size = bytes.length;
  await reserveFile(db, { ...row, kind, size, shard: SHARD, objectKey, deleteKeyHash: "h", now }, 10 ** 12);
  const outboxId = ulid(now);
  const file = await storeFile(db, id, { size, sha256: id, status: "processing", outboxId, now });
  if (!file) throw new Error("the file was not stored");
  return { file, outboxId };
}
