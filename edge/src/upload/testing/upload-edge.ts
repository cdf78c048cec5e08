/**
 * A local edge for the tests of this room, with its two shards and the sums over what they hold. Raw requests
 * go through node:http, which sends what it is told, whole or not.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { usedBytes } from "../../catalog/testing/sums.ts";
import { type LocalEdge, startLocalEdge } from "../../../../scripts/local-edge.ts";

export const SHARDS = ["SHARD_WEUR", "SHARD_ENAM"] as const;
const WAIT_LIMIT_MS = 30_000;
const run = promisify(execFile);

export interface Holdings {
  files: { id: string; state: string; shard: string; size: number; object_key: string }[];
  /** Used bytes by the counters, and by the sizes of rows. */
  counted: Record<string, number>;
  summed: Record<string, number>;
  objects: Record<string, string[]>;
  multiparts: number;
}

export interface UploadEdge {
  url: string;
  dataDir: string;
  edge: LocalEdge;
  holdings(): Promise<Holdings>;
  curl(...args: string[]): Promise<{ status: number; body: string; json: Record<string, unknown> }>;
  stop(): Promise<void>;
}

export async function startUploadEdge(vars: Record<string, string> = {}): Promise<UploadEdge> {
  const dataDir = await mkdtemp(join(tmpdir(), "capcloud-upload-"));
  const edge = await startLocalEdge({ dataDir, vars: { LOG_LEVEL: "silent", ...vars } });
  return {
    url: edge.url,
    dataDir,
    edge,
    holdings: () => holdings(edge),
    curl: async (...args) => {
      const { stdout } = await run("curl", ["-s", "-w", "\n%{http_code}", ...args], { maxBuffer: 2 ** 26 });
      const cut = stdout.lastIndexOf("\n");
      const body = stdout.slice(0, cut);
      const json = body.startsWith("{") ? (JSON.parse(body) as Record<string, unknown>) : {};
      return { status: Number(stdout.slice(cut + 1)), body, json };
    },
    stop: async () => {
      await edge.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function holdings(edge: LocalEdge): Promise<Holdings> {
  const database = await edge.database();
  const all = async <T>(query: string) => (await database.prepare(query).all<T>()).results;
  const objects = async (name: string) =>
    (await (await edge.bucket(name)).list()).objects.map(({ key }) => key);
  return {
    files: await all("SELECT id, state, shard, size, object_key FROM files"),
    ...(await usedBytes(database, SHARDS)),
    objects: Object.fromEntries(await Promise.all(SHARDS.map(async (name) => [name, await objects(name)]))),
    multiparts: (await all("SELECT * FROM multipart_uploads")).length,
  };
}

/** Sends bytes of a body that announces more, and hangs up once `ready` has come to pass. */
export function hangUp(
  url: string,
  options: { method: string; headers: Record<string, string> },
  sent: Uint8Array,
  ready: () => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options);
    asked.on("error", () => resolve());
    asked.on("close", () => resolve());
    asked.write(sent, () => void ready().then(() => asked.destroy(), reject));
  });
}

/** Waits until `check` holds, with a limit. */
export async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + WAIT_LIMIT_MS;
  while (!(await check())) {
    if (Date.now() > limit) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
