import { afterEach, beforeEach, expect, test } from "vitest";
import { Abandoned } from "./errors.ts";
import { welcome } from "./rehearsal/coordinator.ts";
import { RunnerBench } from "./rehearsal/runner-bench.ts";
import { until } from "./rehearsal/until.ts";

let bench: RunnerBench;
beforeEach(async () => {
  bench = await RunnerBench.create();
});
afterEach(() => bench.stop());

test("a stop takes nothing new, keeps renewing, lets jobs end and gives the rest back", async () => {
  bench.coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 10 });
  await bench.start();
  bench.coordinator.grant("quick");
  const long = bench.coordinator.grant("long");
  const [quick, other] = [await bench.job("quick"), await bench.job("long")];
  const drained = bench.runner.drain(400);
  await bench.readyIs({ gpu: 0, cpu: 0, io: 0 });
  expect(other.attempt.stopping()).toBe(true);
  const extra = bench.coordinator.grant("late", { slot: "io" });
  expect((await bench.coordinator.nth("release")).lease).toEqual(extra);
  const renewals = bench.coordinator.of("renew").length;
  await bench.coordinator.nth("renew", renewals + 3);
  quick.finish();
  await drained;
  expect(bench.coordinator.of("release").map(({ lease }) => lease)).toEqual([extra, long]);
  expect(quick.attempt.signal.aborted).toBe(false);
  expect(other.reason).toBeInstanceOf(Abandoned);
});

test("a stop ends as soon as the last job has", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  const drained = bench.runner.drain(3_600_000);
  running.finish();
  await drained;
  expect(bench.coordinator.of("release")).toEqual([]);
});

test("a second signal gives everything back at once", async () => {
  await bench.start();
  const lease = bench.coordinator.grant("a");
  await bench.job("a");
  const drained = bench.runner.drain(3_600_000);
  bench.runner.hurry();
  await drained;
  expect(bench.coordinator.of("release").map((frame) => frame.lease)).toEqual([lease]);
});

test("a stop without contact does not wait for answers that cannot come", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.coordinator.refusal = { status: 503, body: "" };
  bench.coordinator.drop();
  await until("the agent notices", () => !bench.connection.up);
  bench.runner.hurry();
  await bench.runner.drain(3_600_000);
  expect(running.reason).toBeInstanceOf(Abandoned);
});

test("a revoked key ends all work", async () => {
  await bench.start();
  bench.coordinator.grant("a");
  const running = await bench.job("a");
  bench.coordinator.drop(4003);
  await until("the end", () => bench.endings.length);
  expect(bench.endings[0]).toContain("revoked");
  expect(running.attempt.signal.aborted).toBe(true);
});
