/** One key in two pools at once: real workerd, an object for each pool, two processes that know nothing of each other. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CLOSE_REPLACED } from "#protocol";
import { agentOf, TOKEN } from "../../fleet/testing/operator.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";
import { doubles, type AgentLink } from "./replacing.ts";

const SECOND_POOL = "/agent?pool=second";
const FORMER_POOL = "/agent?pool=former";

let edge: TestEdge;
const opened: TestAgent[] = [];

beforeAll(async () => {
  edge = await startTestEdge({ POOLS: "main, second", OPERATOR_TOKEN: TOKEN, LOG_LEVEL: "silent" });
});
afterAll(() => edge.stop());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((agent) => agent.close()));
  for (const pool of ["main", "second", "former"]) {
    await edge.sqlOf(pool, "update jobs set state = 'cancelled' where state not in ('done', 'dead')");
  }
});

async function start(key: string, path = "/agent", boot?: string): Promise<TestAgent> {
  const agent = await new TestAgent(edge.url, key, boot, path).connect();
  opened.push(agent);
  await agent.start();
  return agent;
}

async function jobIn(pool: string): Promise<string> {
  const { file, outboxId } = await edge.storeFile("image", undefined, pool);
  const [job = ""] = await edge.callsOf(pool).enqueueFile(file.id, outboxId);
  return job;
}
const jobOf = async (pool: string, id: string) => {
  const [row] = await edge.sqlOf(pool, `select * from jobs where id = '${id}'`);
  return row ?? {};
};
const stopped = { code: CLOSE_REPLACED, reason: expect.stringContaining("another pool") as string };

test.each([
  ["/agent", SECOND_POOL],
  [SECOND_POOL, "/agent"],
])("the newer process stays, the older is told to stop: %s, then %s", async (before, after) => {
  const { id, key } = await edge.agentKey();
  const older = await start(key, before);
  const newer = await start(key, after);
  expect(await eventually(() => older.closed)).toEqual(stopped);
  expect(await agentOf(edge.url, id)).toMatchObject({
    ...{ state: "online", pool: after === "/agent" ? "main" : "second" },
  });
  await edge.scheduled(Date.now());
  expect(newer.closed).toBeNull();
});

test("what the older one holds goes to another at once, and its late word is worth nothing", async () => {
  const { key } = await edge.agentKey();
  const older = await start(key, SECOND_POOL);
  const job = await jobIn("second");
  const grant = await older.grant("image");
  const { uploads, result } = makeResult(grant);
  const objects = await older.upload(grant.lease, uploads);
  const helper = await start((await edge.agentKey()).key, SECOND_POOL);

  await start(key);
  // Its lease alone would last ten seconds more.
  await eventually(() => helper.grants().length > 0, 5_000);
  const again = await helper.grant("image");
  expect(again.lease).toMatchObject({ job, epoch: 2 });
  expect(await jobOf("second", job)).toMatchObject({ state: "leased", losses: 1 });
  expect(await eventually(() => older.closed)).toEqual(stopped);
  // Should it come back to say that it is done, that lease is another's by now.
  const late = await new TestAgent(edge.url, key, older.boot, SECOND_POOL).connect();
  opened.push(late);
  late.startSeqAt(10_000);
  expect(await late.hello([grant.lease])).toMatchObject({ lost: [job], resumed: [], adopted: [] });
  expect(await late.complete(grant.lease, objects, result)).toMatchObject({ reason: "stale" });
  expect(await jobOf("second", job)).toMatchObject({ state: "leased", epoch: 2 });
});

test("a process that moves is not its own rival, and takes along nobody's lease", async () => {
  const { key } = await edge.agentKey();
  const bystander = await start((await edge.agentKey()).key, SECOND_POOL);
  const mover = await start(key);
  await mover.close();
  const moved = await start(key, SECOND_POOL, mover.boot);
  await edge.scheduled(Date.now());
  expect([moved.closed, bystander.closed]).toEqual([null, null]);
});

test("in a pool that gets nothing new it is found by the next minute", async () => {
  await edge.storeFile("image", undefined, "former");
  const { key } = await edge.agentKey();
  const older = await start(key, FORMER_POOL);
  const newer = await start(key);
  expect(older.closed).toBeNull();
  await edge.scheduled(Date.now());
  expect(await eventually(() => older.closed)).toEqual(stopped);
  expect(newer.closed).toBeNull();
});

test("a word that comes late ends no newer link, nor what that one holds", async () => {
  const { id, key } = await edge.agentKey();
  const agent = await start(key, SECOND_POOL);
  const job = await jobIn("second");
  await agent.grant("image");
  const earlier = { pool: "main", agentId: id, bootId: "another", connectedAt: Date.now() - 60_000 };
  await edge.callsOf("second").giveWay(earlier);
  expect(await jobOf("second", job)).toMatchObject({ state: "leased", losses: 0 });
  await agent.ask({ type: "renew", leases: [] });
  expect(agent.closed).toBeNull();
});

test("of two that came in the same moment exactly one gives way, whoever asks", () => {
  const link = (pool: string, connectedAt: number): AgentLink => ({
    ...{ pool, agentId: "a", bootId: pool, connectedAt },
  });
  const [one, other, late] = [link("main", 5), link("second", 5), link("third", 6)];
  expect(doubles([one, other])).toEqual(doubles([other, one]));
  expect(doubles([one, other])).toHaveLength(1);
  expect(doubles([one, late, other]).map(({ newest }) => newest)).toEqual([late, late]);
  expect(doubles([one, { ...other, agentId: "b" }])).toEqual([]);
});
