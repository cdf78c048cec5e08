/** A film whose container has no index: its head is made while the index is still being read. In real workerd. */
import { expect, test } from "vitest";
import { findFile } from "../../catalog/files.ts";
import { loadPlan } from "../../catalog/plans.ts";
import { findSegment } from "../../catalog/rectangles.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { useBench } from "../testing/bench.ts";
import { headInspection, makeResult } from "../testing/results.ts";
import { eventually, type TestAgent } from "../testing/test-agent.ts";

const bench = useBench();
const SECONDS = 14;

async function inspected(agent: TestAgent, boundary?: number): Promise<string> {
  const fileId = await bench.file("video");
  const { lease } = await agent.grant("inspect");
  const { uploads, result } = headInspection(SECONDS, boundary);
  await agent.complete(lease, await agent.upload(lease, uploads), result);
  return fileId;
}

async function finishIndex(agent: TestAgent, seconds = SECONDS): Promise<void> {
  const grant = await agent.grant("index");
  const { uploads, result } = makeResult(grant, seconds);
  await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
}

test("the head is granted and committed before the plan is known, and is part of it afterwards", async () => {
  const agent = await bench.agent(["inspect", "index", "video"]);
  const fileId = await inspected(agent);
  const head = await agent.grant("video");
  expect(head.recipe).toMatchObject({ segments: [0, 1], boundaries: [0, 4_000], rungs: [{ name: "480" }] });
  await bench.finish(agent, head);
  await eventually(async () => (await bench.edge.job(head.lease.job))["state"] === "done");
  expect((await findFile(bench.edge.db, fileId))?.planId).toBeNull();
  await finishIndex(agent);
  const planId = await bench.edge.calls.awaitPlan(fileId, 8_000);
  expect(head.recipe).toMatchObject({ plan: planId });
  expect((await loadPlan(bench.edge.db, planId ?? ""))?.boundaries).toEqual([
    0, 4_000, 8_000, 12_000, 14_000,
  ]);
  const there = await findSegment(bench.edge.db, planId ?? "", "480", 0);
  expect(there).not.toBeNull();
  expect(await bench.edge.calls.awaitSegment(planId ?? "", "480", 0, 0)).toEqual(there);
  const heads = (await bench.edge.jobs(fileId)).filter(({ part }) => part === "480.0-1");
  expect(heads).toMatchObject([{ id: head.lease.job, state: "done" }]);
});

test("an index that contradicts the head drops what was made of it", async () => {
  const agent = await bench.agent(["inspect", "index", "video"]);
  const fileId = await inspected(agent, 4_010);
  const head = await agent.grant("video");
  await bench.finish(agent, head);
  await eventually(async () => (await bench.edge.job(head.lease.job))["state"] === "done");
  await finishIndex(agent);
  const planId = await bench.edge.calls.awaitPlan(fileId, 8_000);
  expect(head.recipe).not.toMatchObject({ plan: planId });
  expect(await bench.edge.sql("select * from claims where jobId = ?", head.lease.job)).toEqual([]);
});

test("an index that cannot be read leaves the stills, with the reason, and nothing waiting", async () => {
  const agent = await bench.agent(["inspect", "stills", "index", "video"]);
  const fileId = await inspected(agent);
  await bench.finish(agent, await agent.grant("stills"));
  await bench.finish(agent, await agent.grant("video"));
  const { lease } = await agent.grant("index");
  await agent.ask({ type: "fail", lease, class: "permanent", code: "corrupt", message: "Damaged." });
  const settled = await eventually(async () => {
    const file = await findFile(bench.edge.db, fileId);
    return file && file.status !== "processing" ? file : null;
  });
  expect(settled).toMatchObject({ status: "partial", reason: "Damaged." });
  const states = (await listRenditions(bench.edge.db, fileId)).map(({ state }) => state);
  expect(states).not.toContain("waiting");
});
