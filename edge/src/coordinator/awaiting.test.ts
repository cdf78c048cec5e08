/** Somebody waits for a segment, in real workerd. */
import { expect, test } from "vitest";
import type { Grant } from "#protocol";
import { listRectangles } from "../catalog/rectangles.ts";
import { useBench } from "./testing/bench.ts";
import { makeResult } from "./testing/results.ts";
import { eventually, type TestAgent } from "./testing/test-agent.ts";

const bench = useBench();
const SECONDS = 240;

/** Inspected and planned, with nothing encoded yet. */
async function planned(agent: TestAgent): Promise<{ fileId: string; planId: string }> {
  const fileId = await bench.file("video");
  const grant = await agent.grant("inspect");
  const { uploads, result } = makeResult(grant, SECONDS);
  await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
  const planId = await bench.edge.calls.awaitPlan(fileId, 8_000);
  return { fileId, planId: planId ?? "" };
}

test("a seek gets a small rectangle of its own before all else, and its answer the moment it commits", async () => {
  const inspector = await bench.agent(["inspect"]);
  const { planId } = await planned(inspector);
  const waiting = bench.edge.calls.awaitSegment(planId, "480", 40, 8_000);
  await eventually(
    async () => (await bench.edge.sql("select id from jobs where part like 'wait.%'")).length > 0,
  );
  const encoder = await bench.agent(["video"]);
  const grant = await encoder.grant("video");
  expect(grant.recipe).toMatchObject({ segments: [40, 43], rungs: [{ name: "480" }] });
  await bench.finish(encoder, grant);
  const [row] = await bench.edge.sql(
    "select * from claims where track = '480' and segment = 40 and planId = ?",
    planId,
  );
  expect(await waiting).toMatchObject({ objectKey: row?.["objectKey"], offset: row?.["offset"] });
  // Whoever comes later has it at once, and nobody makes it again.
  expect(await bench.edge.calls.awaitSegment(planId, "480", 41, 0)).toMatchObject({
    length: row?.["length"],
  });
});

test("the first to commit a segment owns it, for ever; the later rectangle keeps the rest", async () => {
  const agent = await bench.agent();
  const { planId } = await planned(agent);
  agent.ready({ gpu: 0, cpu: 50, io: 50 });
  const covers = (grant: Grant, rungs: number) =>
    grant.recipe.kind === "video" &&
    grant.recipe.rungs.length === rungs &&
    grant.recipe.segments[0] <= 40 &&
    grant.recipe.segments[1] > 40;
  const large = await eventually(() => agent.grants().find((grant) => covers(grant, 2)) ?? null);
  const waiting = bench.edge.calls.awaitSegment(planId, "480", 40, 8_000);
  const small = await eventually(() => agent.grants().find((grant) => covers(grant, 1)) ?? null);
  await bench.finish(agent, small);
  const first = await waiting;
  await bench.finish(agent, large);
  const rectangles = await eventually(async () => {
    const rows = await listRectangles(bench.edge.db, planId);
    return rows.some(({ jobId }) => jobId === large.lease.job) ? rows : null;
  });
  expect(await bench.edge.calls.awaitSegment(planId, "480", 40, 0)).toEqual(first);
  const owned = (job: string) =>
    rectangles
      .filter(({ track, jobId }) => track === "480" && jobId === job)
      .flatMap(({ segments }) => segments.map(([segment]) => segment));
  expect(owned(small.lease.job)).toEqual([40, 41, 42]);
  expect(owned(large.lease.job)).not.toContain(40);
  expect(owned(large.lease.job)).toContain(43);
});

test("waits lapse, a newer wait of the same viewer ends the older, and too many are refused at once", async () => {
  const agent = await bench.agent(["inspect"]);
  const { fileId, planId } = await planned(agent);
  const ask = (segment: number, waitMs: number, viewer?: string) =>
    bench.edge.calls.awaitSegment(planId, "480", segment, waitMs, viewer);
  expect(await ask(10, 50)).toBeNull();
  const older = ask(10, 8_000, "viewer");
  await eventually(async () => (await bench.edge.calls.status()).waits === 1);
  const newer = ask(30, 8_000, "viewer");
  expect(await older).toBeNull();
  const crowd = Array.from({ length: 63 }, () => ask(50, 8_000));
  await eventually(async () => (await bench.edge.calls.status()).waits === 64);
  expect(await ask(50, 8_000)).toBeNull();
  expect((await bench.edge.calls.status()).waits).toBe(64);
  await bench.edge.calls.cancelFile(fileId);
  expect(await Promise.all([newer, ...crowd])).toEqual(Array.from({ length: 64 }, () => null));
});

test("a small rectangle that others have made meanwhile is dropped, and its agent told", async () => {
  const agent = await bench.agent();
  const { planId } = await planned(agent);
  agent.ready({ gpu: 0, cpu: 50, io: 50 });
  const covering = (rungs: number) => (grant: Grant) =>
    grant.recipe.kind === "video" && grant.recipe.rungs.length === rungs && grant.recipe.segments[1] > 40;
  const large = await eventually(() => agent.grants().find(covering(2)) ?? null);
  const segment = large.recipe.kind === "video" ? large.recipe.segments[0] : 0;
  const waiting = bench.edge.calls.awaitSegment(planId, "480", segment, 8_000);
  const isSmall = ({ recipe }: Grant) =>
    recipe.kind === "video" && recipe.rungs.length === 1 && recipe.segments[0] === segment;
  const small = await eventually(() => agent.grants().find(isSmall) ?? null);
  await bench.finish(agent, large);
  expect(await waiting).not.toBeNull();
  expect(await agent.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [small.lease.job] });
  expect(await bench.edge.job(small.lease.job)).toMatchObject({ state: "cancelled" });
});

test("what will never be made is not waited for", async () => {
  const agent = await bench.agent(["inspect", "video"]);
  const { planId } = await planned(agent);
  const head = await agent.grant("video");
  const failure = { class: "permanent", code: "corrupt", message: "Damaged." } as const;
  await agent.ask({ type: "fail", lease: head.lease, ...failure });
  const answer = bench.edge.calls.awaitSegment(planId, "480", 0, 8_000);
  const waits = eventually(async () => (await bench.edge.calls.status()).waits > 0 && "it waits").catch(
    () => "",
  );
  expect(await Promise.race([answer, waits])).toBeNull();
});

test("what no plan has, and what nobody will make, is answered at once", async () => {
  const agent = await bench.agent(["inspect"]);
  const { fileId, planId } = await planned(agent);
  expect(await bench.edge.calls.awaitSegment("nobody", "480", 0, 8_000)).toBeNull();
  expect(await bench.edge.calls.awaitSegment(planId, "480", 9_999, 8_000)).toBeNull();
  await bench.edge.calls.cancelFile(fileId);
  expect(await bench.edge.calls.awaitSegment(planId, "480", 0, 8_000)).toBeNull();
});
