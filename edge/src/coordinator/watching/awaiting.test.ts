/** Somebody waits for a segment, in real workerd. */
import { expect, test } from "vitest";
import type { Grant } from "#protocol";
import { listRectangles } from "../../catalog/rectangles.ts";
import { RANK } from "../ledger/ledger-types.ts";
import { useBench } from "../testing/bench.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, type TestAgent } from "../testing/test-agent.ts";

const bench = useBench();
const SECONDS = 240;

function startsAt(recipe: Grant["recipe"], segment: number): boolean {
  return recipe.kind === "video" && recipe.segments[0] === segment;
}

/** Finishes one grant after the other until there is one that fits; so no two slots are free at once. */
async function workUntil(agent: TestAgent, fits: (grant: Grant) => boolean): Promise<Grant> {
  const done = new Set<number>();
  return eventually(async () => {
    const found = agent.grants().find(fits);
    if (found) return found;
    const [next] = agent.grants().filter(({ seq, recipe }) => !done.has(seq) && recipe.kind !== "inspect");
    if (!next) return null;
    done.add(next.seq);
    await bench.finish(agent, next);
    agent.ready();
    return null;
  });
}

/** Slots that come free before the coordinator knows of a wait go to what follows instead. */
async function untilKnown(planId: string): Promise<void> {
  const waits = "select id from jobs where part like 'wait.%' and planId = ?";
  await eventually(async () => (await bench.edge.sql(waits, planId)).length > 0);
}

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
  expect(grant.recipe).toMatchObject({ segments: [40, 41], rungs: [{ name: "480" }] });
  await bench.finish(encoder, grant);
  const [row] = await bench.edge.sql(
    "select * from claims where track = '480' and segment = 40 and planId = ?",
    planId,
  );
  expect(await waiting).toMatchObject({ objectKey: row?.["objectKey"], offset: row?.["offset"] });
  // Whoever comes later has it at once, and nobody makes it again.
  expect(await bench.edge.calls.awaitSegment(planId, "480", 40, 0)).toMatchObject({
    length: row?.["length"],
  });
  // Whoever plays on gets a few, and the rest of the film is made from there on.
  const next = bench.edge.calls.awaitSegment(planId, "480", 41, 8_000);
  await eventually(
    async () => (await bench.edge.sql("select id from jobs where part like 'wait.%'")).length > 1,
  );
  encoder.ready();
  const more = await eventually(() => encoder.grants().find(({ recipe }) => startsAt(recipe, 41)) ?? null);
  expect(more.recipe).toMatchObject({ segments: [41, 44], rungs: [{ name: "480" }] });
  await bench.finish(encoder, more);
  expect(await next).not.toBeNull();
  const [first] = await bench.edge.sql(
    "select part from jobs where state = 'ready' and kind = 'video' and turn = ? and planId = ? order by position",
    String(RANK.rest),
    planId,
  );
  const [from = 0, until = 0] = String(first?.["part"]).split(".").at(-1)?.split("-").map(Number) ?? [];
  expect(from <= 41 && 41 < until).toBe(true);
});

test("a short rectangle of several rungs is not waited for: the one that somebody watches goes ahead by itself", async () => {
  const inspector = await bench.agent(["inspect"]);
  const { planId } = await planned(inspector);
  const parts = async () => {
    const rows = await bench.edge.sql("select part from jobs where kind = 'video' and planId = ?", planId);
    return rows.map(({ part }) => String(part));
  };
  expect(await parts()).toContain("480_720.1-3");
  await bench.edge.calls.awaitSegment(planId, "480", 1, 50);
  expect(await parts()).toContain("wait.480.1-2");
});

test("nobody asks again: what was made for a wait lapses; asked again, it comes back", async () => {
  const inspector = await bench.agent(["inspect"]);
  const { planId } = await planned(inspector);
  const ask = () => bench.edge.calls.awaitSegment(planId, "480", 40, 50);
  const waits = () =>
    bench.edge.sql("select id, state from jobs where part like 'wait.%' and planId = ?", planId);
  await ask();
  expect(await waits()).toMatchObject([{ state: "ready" }]);
  await bench.edge.calls.tick(Date.now() + 16_000);
  expect(await waits()).toMatchObject([{ state: "cancelled" }]);
  await ask();
  expect(await waits()).toMatchObject([{ state: "ready" }]);
});

test("the viewers of one film can add only so many jobs in a minute", async () => {
  const inspector = await bench.agent(["inspect"]);
  const { planId } = await planned(inspector);
  for (let segment = 10; segment < 30; segment += 2) {
    await bench.edge.calls.awaitSegment(planId, "480", segment, 1);
  }
  const waits = await bench.edge.sql("select id from jobs where part like 'wait.%' and planId = ?", planId);
  expect(waits).toHaveLength(8);
});

test("the first to commit a segment owns it, for ever; the later rectangle keeps the rest", async () => {
  const agent = await bench.agent(["inspect", "video"]);
  const { planId } = await planned(agent);
  const covers = (grant: Grant, rungs: number) =>
    grant.recipe.kind === "video" &&
    grant.recipe.rungs.length === rungs &&
    grant.recipe.segments[0] <= 40 &&
    grant.recipe.segments[1] > 40;
  const large = await workUntil(agent, (grant) => covers(grant, 2));
  const waiting = bench.edge.calls.awaitSegment(planId, "480", 40, 8_000);
  await untilKnown(planId);
  agent.ready({ gpu: 0, cpu: 3, io: 4 });
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
  expect(owned(small.lease.job)).toEqual([40]);
  expect(owned(large.lease.job)).not.toContain(40);
  expect(owned(large.lease.job)).toContain(41);
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
  const agent = await bench.agent(["inspect", "video"]);
  const { planId } = await planned(agent);
  const covering = (rungs: number) => (grant: Grant) =>
    grant.recipe.kind === "video" && grant.recipe.rungs.length === rungs && grant.recipe.segments[1] > 40;
  const large = await workUntil(agent, covering(2));
  const segment = large.recipe.kind === "video" ? large.recipe.segments[0] : 0;
  const waiting = bench.edge.calls.awaitSegment(planId, "480", segment, 8_000);
  const isSmall = ({ recipe }: Grant) =>
    recipe.kind === "video" && recipe.rungs.length === 1 && recipe.segments[0] === segment;
  await untilKnown(planId);
  agent.ready({ gpu: 0, cpu: 3, io: 4 });
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
