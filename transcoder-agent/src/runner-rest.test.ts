import { afterEach, beforeEach, expect, test } from "vitest";
import { Abandoned } from "./errors.ts";
import { RunnerBench } from "./rehearsal/runner-bench.ts";
import { until } from "./rehearsal/until.ts";

const NOTHING = { gpu: 0, cpu: 0, io: 0 };
const ALL = { gpu: 0, cpu: 2, io: 1 };
const NIGHT = { reason: "outside its hours (22:00-07:00)", endsJobs: true };
const HOUR_MS = 3_600_000;

let bench: RunnerBench;
beforeEach(async () => {
  bench = await RunnerBench.create();
});
afterEach(() => bench.stop());

test("a rest is told with its reason, and so is its end", async () => {
  await bench.start(ALL);
  bench.runner.rest(NIGHT, HOUR_MS);
  await bench.readyIs(NOTHING);
  expect(bench.coordinator.of("ready").at(-1)?.resting).toBe(NIGHT.reason);
  bench.runner.rest({ reason: "on battery", endsJobs: true }, HOUR_MS);
  await until("the new reason", () => bench.coordinator.of("ready").at(-1)?.resting === "on battery");
  bench.runner.rest(null, HOUR_MS);
  await bench.readyIs(ALL);
  expect(bench.coordinator.of("ready").at(-1)).not.toHaveProperty("resting");
});

test("a grant on its way when the rest began is given back uncharged", async () => {
  await bench.start(ALL);
  bench.runner.rest(NIGHT, HOUR_MS);
  const lease = bench.coordinator.grant("a");
  expect((await bench.coordinator.nth("release")).lease).toEqual(lease);
  expect(bench.jobs.size).toBe(0);
});

test("what runs may end in time, and what does not is given back", async () => {
  await bench.start(ALL);
  bench.coordinator.grant("quick");
  const lease = bench.coordinator.grant("long");
  const [quick, long] = [await bench.job("quick"), await bench.job("long")];
  bench.runner.rest(NIGHT, 100);
  expect(quick.attempt.signal.aborted).toBe(false);
  quick.finish();
  expect((await bench.coordinator.nth("release")).lease).toEqual(lease);
  expect(quick.attempt.signal.aborted).toBe(false);
  expect(long.reason).toBeInstanceOf(Abandoned);
  // The agent is still there, and takes jobs again in the evening.
  bench.runner.rest(null, 100);
  await bench.readyIs(ALL);
});

test("a rest that ends before its grace gives nothing back", async () => {
  await bench.start(ALL);
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.runner.rest(NIGHT, 50);
  bench.runner.rest(null, 50);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(running.attempt.signal.aborted).toBe(false);
});

test("a full disk lets what runs end, however long it takes", async () => {
  await bench.start(ALL);
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.runner.rest({ reason: "the disk is full", endsJobs: false }, 1);
  await bench.readyIs(NOTHING);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(running.attempt.signal.aborted).toBe(false);
  expect(bench.coordinator.of("release")).toEqual([]);
});

test("after a reconnect the reason is told anew", async () => {
  await bench.start(ALL);
  bench.runner.rest(NIGHT, HOUR_MS);
  await bench.readyIs(NOTHING);
  const before = bench.coordinator.of("ready").length;
  bench.coordinator.drop();
  await bench.coordinator.nth("ready", before + 1);
  expect(bench.coordinator.of("ready").at(-1)).toMatchObject({ slots: NOTHING, resting: NIGHT.reason });
});

test("how long nothing was held is counted from the last job's end, and a job stops the count", async () => {
  await bench.start(ALL);
  expect(bench.runner.idleMs).toBeGreaterThan(0);
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  expect(bench.runner.idleMs).toBe(0);
  expect(bench.runner.state).toMatchObject({
    free: { cpu: 1 },
    jobs: [{ id: "a", kind: "image", slot: "cpu", fraction: 0 }],
    fates: { done: 0 },
  });
  bench.coordinator.grant("b");
  (await bench.job("b")).finish();
  await until(
    "one job is over",
    () => bench.runner.state.fates.done === 1 && bench.runner.state.jobs.length === 1,
  );
  expect(bench.runner.idleMs).toBe(0);
  running.finish();
  await until("the job is over", () => bench.runner.idleMs > 0);
  expect(bench.runner.state).toMatchObject({ jobs: [], fates: { done: 2 }, resting: null });
});
