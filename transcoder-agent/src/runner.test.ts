import { afterEach, beforeEach, expect, test } from "vitest";
import { Abandoned, JobError } from "./errors.ts";
import { leaseCapacity } from "./machine/free-slots.ts";
import type { LeaseRef } from "./protocol.ts";
import { welcome } from "./rehearsal/coordinator.ts";
import { RunnerBench } from "./rehearsal/runner-bench.ts";
import { until } from "./rehearsal/until.ts";

let bench: RunnerBench;
beforeEach(async () => {
  bench = await RunnerBench.create();
});
afterEach(() => bench.stop());

test("free slots are told whenever they become more than the coordinator counts itself", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  bench.coordinator.grant("b", { slot: "io" });
  await bench.job("a");
  (await bench.job("b")).finish();
  await bench.readyIs({ gpu: 0, cpu: 1, io: 1 });
  (await bench.job("a")).finish();
  await bench.readyIs({ gpu: 0, cpu: 2, io: 1 });
  // A word sent because of a grant would be old by the time it arrives, and bring one grant too many.
  expect(bench.coordinator.of("ready").map(({ slots }) => [slots.cpu, slots.io])).toEqual([
    [2, 1],
    [1, 1],
    [2, 1],
  ]);
});

test("no more leases are held than were announced, however many only upload", async () => {
  await bench.start({ gpu: 0, cpu: 1, io: 0 });
  for (const job of ["a", "b"]) {
    bench.coordinator.grant(job);
    (await bench.job(job)).attempt.processed();
    await bench.readyIs({ gpu: 0, cpu: 1, io: 0 });
  }
  bench.coordinator.grant("c");
  (await bench.job("c")).attempt.processed();
  const extra = bench.coordinator.grant("d");
  expect((await bench.coordinator.nth("release")).lease).toEqual(extra);
  (await bench.job("a")).finish();
  await bench.readyIs({ gpu: 0, cpu: 1, io: 0 });
});

test("a job that only uploads leaves its slot to the next one, and is still renewed", async () => {
  bench.coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 15 });
  await bench.start({ gpu: 0, cpu: 1, io: 0 });
  bench.coordinator.grant("a");
  (await bench.job("a")).attempt.processed();
  await bench.readyIs({ gpu: 0, cpu: 1, io: 0 });
  bench.coordinator.grant("b");
  await bench.job("b");
  await until("a renewal of both", () =>
    bench.coordinator.of("renew").some(({ leases }) => leases.length === 2),
  );
  expect(bench.coordinator.of("release")).toEqual([]);
  expect(leaseCapacity({ gpu: 0, cpu: 1, io: 2 })).toEqual({ gpu: 0, cpu: 3, io: 4 });
});

test("a grant without a free slot is given back uncharged, one that comes twice starts once", async () => {
  await bench.start({ gpu: 0, cpu: 1, io: 0 });
  bench.coordinator.grant("a");
  await bench.job("a");
  bench.coordinator.grant("a");
  const extra = bench.coordinator.grant("b");
  expect((await bench.coordinator.nth("release")).lease).toEqual(extra);
  expect([...bench.jobs.keys()]).toEqual(["a 1"]);
});

test("one frame renews all leases, with the progress of each", async () => {
  bench.coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 15 });
  await bench.start();
  const leases = [bench.coordinator.grant("a"), bench.coordinator.grant("b")];
  (await bench.job("a")).attempt.progress(0.03);
  (await bench.job("b")).attempt.progress(0.04);
  const told = await until("a renewal of both", () =>
    bench.coordinator.of("renew").find((frame) => frame.leases.length === 2),
  );
  await until("many renewals", () => bench.coordinator.of("renew").length > 4);
  expect(told.leases.map(({ job, epoch, secret }) => ({ job, epoch, secret }))).toEqual(leases);
  expect(
    bench.coordinator
      .of("renew")
      .at(-1)
      ?.leases.map(({ fraction }) => fraction),
  ).toEqual([0.03, 0.04]);
});

test("a step of progress is told sooner, and small steps are not", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  const { attempt } = await bench.job("a");
  const before = bench.coordinator.of("renew").length;
  attempt.progress(0.04);
  attempt.progress(0.2);
  attempt.progress(0.1);
  await bench.coordinator.nth("renew", before + 1);
  expect(bench.coordinator.of("renew").at(-1)?.leases[0]?.fraction).toBe(0.2);
  attempt.progress(7);
  await bench.coordinator.nth("renew", before + 2);
  expect(bench.coordinator.of("renew").at(-1)?.leases[0]?.fraction).toBe(1);
});

test.each(["cancel", "renewed"] as const)(
  "a job that is over by %s is dropped without a report",
  async (how) => {
    bench.coordinator.answers.renew = ({ seq }) => ({
      type: "renewed",
      re: seq,
      lost: how === "renewed" ? ["a"] : [],
    });
    await bench.start();
    bench.coordinator.grant("a");
    const running = await bench.job("a");
    if (how === "cancel")
      bench.coordinator.say({ type: "cancel", jobs: ["a", "other"], reason: "file deleted" });
    else running.attempt.progress(0.5);
    await until("the abort", () => running.attempt.signal.aborted);
    expect(running.reason).toBeInstanceOf(Abandoned);
    await bench.readyIs({ gpu: 0, cpu: 2, io: 1 });
    expect(bench.coordinator.of("release")).toEqual([]);
  },
);

test("the slot of a dropped job is free only once it has cleaned up", async () => {
  bench.slowToTidy = true;
  await bench.start({ gpu: 0, cpu: 1, io: 0 });
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.coordinator.say({ type: "cancel", jobs: ["a"], reason: "file deleted" });
  await until("the abort", () => running.attempt.signal.aborted);
  const extra = bench.coordinator.grant("b");
  expect((await bench.coordinator.nth("release")).lease).toEqual(extra);
  expect(bench.lastReady).toEqual({ gpu: 0, cpu: 0, io: 0 });
  running.tidy();
  await bench.readyIs({ gpu: 0, cpu: 1, io: 0 });
});

test("after a cut the agent names what it holds: adopted goes on in its new name, lost is dropped", async () => {
  await bench.start();
  const [kept, lost] = [bench.coordinator.grant("a"), bench.coordinator.grant("b")];
  const [a, b] = [await bench.job("a"), await bench.job("b")];
  const adopted: LeaseRef = { job: "a", epoch: 5, secret: "new" };
  bench.coordinator.answers.hello = ({ seq }) =>
    welcome(seq, { adopted: [{ job: "a", from: 1, lease: adopted }], lost: ["b"] });
  bench.coordinator.drop();
  expect((await bench.coordinator.nth("hello", 2)).held).toEqual([kept, lost]);
  await until("b is dropped", () => b.attempt.signal.aborted);
  expect(a.attempt.signal.aborted).toBe(false);
  expect(a.attempt.lease()).toEqual(adopted);
  const renewal = await until("a renewal after the welcome", () =>
    bench.coordinator.of("renew").find((frame) => frame.leases.some(({ epoch }) => epoch === 5)),
  );
  expect(renewal.leases).toEqual([{ ...adopted, fraction: 0 }]);
});

test("a lease adopted for a job that is no longer here is given back", async () => {
  const adopted: LeaseRef = { job: "gone", epoch: 2, secret: "new" };
  bench.coordinator.answers.hello = ({ seq }) =>
    welcome(seq, { adopted: [{ job: "gone", from: 1, lease: adopted }] });
  await bench.start();
  expect((await bench.coordinator.nth("release")).lease).toEqual(adopted);
});

test("a job granted anew replaces its older attempt", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  const first = await bench.job("a");
  bench.coordinator.grant("a", { lease: { job: "a", epoch: 2, secret: "s" } });
  await bench.job("a", 2);
  expect(first.reason).toBeInstanceOf(Abandoned);
});

test("an attempt that takes too long is ended as a timeout", async () => {
  await bench.start();
  bench.coordinator.grant("a", { deadlineMs: 30 });
  const running = await bench.job("a");
  await until("the abort", () => running.attempt.signal.aborted);
  expect(running.reason).toMatchObject({ code: "timeout" });
  expect(running.reason).toBeInstanceOf(JobError);
});

test("without contact for too long all work is dropped; before that it goes on", async () => {
  await bench.start(undefined, { cutOffMs: 100 });
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.coordinator.refusal = { status: 503, body: "" };
  bench.coordinator.drop();
  await until("some tries", () => bench.coordinator.upgrades.length > 3);
  expect(running.attempt.signal.aborted).toBe(false);
  await until("the abort", () => running.attempt.signal.aborted);
  bench.coordinator.refusal = null;
  expect((await bench.coordinator.nth("hello", 2)).held).toEqual([]);
});

test("an edge that drained the agent may let it go on", async () => {
  await bench.start();
  bench.coordinator.say({ type: "drain", reason: "paused by the operator" });
  await bench.readyIs({ gpu: 0, cpu: 0, io: 0 });
  bench.coordinator.say({ type: "resume" });
  await bench.readyIs({ gpu: 0, cpu: 2, io: 1 });
});

test("an edge that drains the agent gets no more ready slots, until the next welcome", async () => {
  await bench.start();
  bench.coordinator.say({ type: "drain", reason: "disk full" });
  await bench.readyIs({ gpu: 0, cpu: 0, io: 0 });
  bench.coordinator.drop();
  await bench.readyIs({ gpu: 0, cpu: 2, io: 1 });
});
