/** What a crash left undone is mended in the pool of its file: the cron in real workerd, at times of the test's choice. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { findFile } from "../../catalog/files.ts";
import { POOLS_OF_FILES } from "../../catalog/pools.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { DAY, HOUR } from "../../config.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";

const POOL = "second";
/** 04:00 UTC, and 03:00 two days later: everything made here is past its grace. */
const quarter = Math.ceil(Date.now() / DAY) * DAY + 4 * HOUR;
const daily = quarter - HOUR + 2 * DAY;

let edge: TestEdge;
const opened: TestAgent[] = [];
beforeAll(async () => {
  edge = await startTestEdge({ POOLS: `main, ${POOL}`, LOG_LEVEL: "silent" });
});
afterAll(() => edge.stop());
afterEach(() => Promise.all(opened.splice(0).map((agent) => agent.close())));

async function agentThere(): Promise<TestAgent> {
  const { key } = await edge.agentKey();
  const agent = await new TestAgent(edge.url, key, undefined, `/agent?pool=${POOL}`).connect();
  opened.push(agent);
  await agent.start();
  return agent;
}

/** What the agent is granted next, uploaded but not completed yet. */
async function uploaded(agent: TestAgent) {
  const { lease, ...grant } = await agent.grant("image");
  const { uploads, result } = makeResult(grant);
  const objects = await agent.upload(lease, uploads);
  return { complete: () => agent.complete(lease, objects, result) };
}

const settled = (id: string) => eventually(async () => (await findFile(edge.db, id))?.status === "ready");

test("a file that its coordinator has never heard of begins anew, there", async () => {
  const { file } = await edge.storeFile("image", undefined, POOL);
  await edge.db.run(`update work_outbox set sent_at = 1 where file_id = '${file.id}'`);
  await edge.scheduled(quarter);
  expect(await edge.callsOf(POOL).jobsOfFile(file.id)).toMatchObject([{ state: "ready" }]);
  expect(await edge.calls.jobsOfFile(file.id)).toEqual([]);
  await edge.callsOf(POOL).cancelFile(file.id);
});

test("a derived object that is gone is made again, there", async () => {
  const agent = await agentThere();
  const { file, outboxId } = await edge.storeFile("image", undefined, POOL);
  await edge.callsOf(POOL).enqueueFile(file.id, outboxId);
  await (await uploaded(agent)).complete();
  await settled(file.id);
  agent.ready();
  const [lost] = await listRenditions(edge.db, file.id);
  await edge.bucket.delete(lost?.objectKey ?? "");
  await edge.scheduled(daily);
  await (await uploaded(agent)).complete();
  await settled(file.id);
});

test("what is in the making in any pool is no orphan", async () => {
  const agent = await agentThere();
  const { file, outboxId } = await edge.storeFile("image", undefined, POOL);
  await edge.callsOf(POOL).enqueueFile(file.id, outboxId);
  await agent.grant("image");
  const key = `r/${file.id}/image-v/all/1-mine/thumbnail.webp`;
  await edge.bucket.put(key, new Uint8Array(10));
  // Its lease lives by its own clock, which the sweep must not run down.
  await edge.sqlOf(
    POOL,
    `update jobs set leaseEnd = ${daily + DAY}, deadline = ${daily + DAY} where state = 'leased'`,
  );
  await edge.scheduled(daily);
  expect(await edge.bucket.head(key)).not.toBeNull();
});

test("which pools there are is found along the index of just their files", async () => {
  const plan = await edge.db.all<{ detail: string }>(sql`explain query plan ${POOLS_OF_FILES}`);
  const looks = plan.map(({ detail }) => detail).filter((detail) => /\bfiles\b/.test(detail));
  expect(looks.length).toBeGreaterThan(0);
  for (const look of looks) expect(look).toContain("files_by_pool");
});
