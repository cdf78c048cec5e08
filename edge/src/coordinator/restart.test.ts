/** The whole edge stopped and started on the same data: what was leased, granted or waiting goes on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort, startLocalEdge, type LocalEdge } from "../../../scripts/local-edge.ts";
import { findFile } from "../catalog/files.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { openDatabase, type Database } from "../db/client.ts";
import { makeResult } from "./testing/results.ts";
import { eventually, TestAgent } from "./testing/test-agent.ts";

let dataDir: string;
let port: number;
let edge: LocalEdge;
let key: string;

/** Seconds; short, so that a lease runs out by the object's own alarm while a test looks. */
const LEASE_SECONDS = "3";
const start = () => startLocalEdge({ dataDir, port, vars: { LEASE_SECONDS } });
const database = async (): Promise<Database> => openDatabase(await edge.database());

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "capcloud-coordinator-"));
  port = await freePort();
  edge = await start();
  key = await edge.agentKey("test");
});
afterEach(async () => {
  await edge.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** A picture that only its first bytes make one. */
async function uploadPicture(): Promise<string> {
  const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010806000000", "hex");
  const response = await fetch(`${edge.url}/a.png`, { method: "PUT", body: png });
  const { id } = await response.json<{ id: string }>();
  return id;
}

test("a lease survives the restart, and its holder goes on with what it has uploaded", async () => {
  const agent = await new TestAgent(edge.url, key, "boot").connect();
  await agent.start();
  const fileId = await uploadPicture();
  const grant = await agent.grant("image");
  const { uploads, result } = makeResult(grant);
  const objects = await agent.upload(grant.lease, uploads);
  await edge.stop();
  await eventually(() => agent.closed);
  edge = await start();
  const back = await new TestAgent(edge.url, key, "boot").connect();
  back.startSeqAt(100);
  const welcome = await back.start([grant.lease]);
  expect(welcome.lost).toEqual([]);
  const lease = welcome.adopted[0]?.lease ?? grant.lease;
  expect(await back.complete(lease, objects, result)).toMatchObject({ type: "accepted" });
  const db = await database();
  await eventually(async () => (await findFile(db, fileId))?.status === "ready");
  expect((await listRenditions(db, fileId)).map(({ state }) => state)).toEqual(["ready", "ready"]);
  back.kill();
});

test("an outage longer than the leases costs no loss: whoever held one comes back to it, however quick others are", async () => {
  const holder = await new TestAgent(edge.url, key, "boot").connect();
  await holder.start();
  await uploadPicture();
  const { lease } = await holder.grant("image");
  await edge.stop();
  const ended = Date.now() + (Number(LEASE_SECONDS) + 2) * 1_000;
  await eventually(() => Date.now() > ended);
  edge = await start();
  const quick = await new TestAgent(edge.url, await edge.agentKey("quick")).connect();
  await quick.start();
  let taken = false;
  void quick.grant("image").then(() => (taken = true));
  const patience = Date.now() + 1_200;
  await eventually(() => taken || Date.now() > patience);
  const back = await new TestAgent(edge.url, key, "boot").connect();
  back.startSeqAt(100);
  expect((await back.start([lease])).resumed).toEqual([lease.job]);
  quick.kill();
  back.kill();
});

test("leases of an agent that never comes back run out by the alarm alone, restart or not", async () => {
  const gone = await new TestAgent(edge.url, key).connect();
  await gone.start();
  const fileId = await uploadPicture();
  await gone.grant("image");
  gone.kill();
  await edge.stop();
  edge = await start();
  const other = await new TestAgent(edge.url, await edge.agentKey("other")).connect();
  await other.start();
  const grant = await other.grant("image");
  expect(grant.lease.epoch).toBe(2);
  const { uploads, result } = makeResult(grant);
  await other.complete(grant.lease, await other.upload(grant.lease, uploads), result);
  const db = await database();
  await eventually(async () => (await findFile(db, fileId))?.status === "ready");
  other.kill();
});
