import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../../scripts/local-edge.ts";

let dataDir: string;
let edge: LocalEdge;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "capcloud-health-"));
  edge = await startLocalEdge({ dataDir, skipMigrations: true, vars: { LOG_LEVEL: "silent" } });
});
afterAll(async () => {
  await edge.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test("a database without tables answers every address with 503 and the command that makes them", async () => {
  for (const path of ["/", "/healthz", "/AAAAAAAAAA", "/api/files/AAAAAAAAAA", "/nothing/here"]) {
    const answer = await fetch(`${edge.url}${path}`);
    expect(answer.status, path).toBe(503);
    expect(answer.headers.get("retry-after")).not.toBeNull();
    expect(await answer.text()).toContain("npx wrangler d1 migrations apply DB --local");
  }
});

test("healthz tells the state of database, coordinator and shards, once the tables are there", async () => {
  await edge.stop();
  edge = await startLocalEdge({ dataDir, vars: { LOG_LEVEL: "silent" } });
  const answer = await fetch(`${edge.url}/healthz`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    success: true,
    database: "ok",
    coordinator: { state: "ok", agents_online: 0, waiting: 0, starving: 0, leased: 0 },
    shards: { SHARD_WEUR: "ok", SHARD_ENAM: "ok" },
  });
});

test("healthz answers 503 when no shard takes uploads", async () => {
  const now = Date.now();
  const database = await edge.database();
  await database
    .prepare("INSERT INTO shards (name, cooling_until) VALUES ('SHARD_WEUR', ?)")
    .bind(now * 2)
    .run();
  expect((await fetch(`${edge.url}/healthz`)).status).toBe(200);
  await database
    .prepare("INSERT INTO shards (name, cooling_until) VALUES ('SHARD_ENAM', ?)")
    .bind(now * 2)
    .run();
  const answer = await fetch(`${edge.url}/healthz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ success: false, shards: { SHARD_ENAM: "cooling" } });
});
