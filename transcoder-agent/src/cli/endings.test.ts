/** How an agent ends by itself: the code of its exit, and the sentence that says what to do. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliBench } from "../testing/cli-bench.ts";

let bench: CliBench;
beforeEach(async () => {
  bench = await CliBench.open();
});
afterEach(() => bench.close());

test.each([
  ["an unknown key", 401, /CAPCLOUD_KEY/],
  ["a revoked key", 403, /revoked/],
])("%s ends the agent with a sentence and code 3", async (_what, status, sentence) => {
  bench.coordinator.refusal = { status, body: "" };
  const agent = bench.startWorking();
  expect(await agent.code()).toBe(3);
  expect(agent.said()).toMatch(sentence);
  expect(await readdir(bench.workspace)).toEqual([]);
});

test("an agent replaced by another with its key stops, with code 3", async () => {
  const agent = bench.startWorking();
  await bench.coordinator.nth("ready");
  bench.coordinator.drop(4001);
  expect(await agent.code()).toBe(3);
  expect(agent.said()).toMatch(/key of its own/);
});

test("an agent that the edge keeps not understanding ends with code 5 and says how to update", async () => {
  bench.coordinator.refusal = {
    status: 400,
    body: '{"description":"The subprotocol capcloud.v9 is required."}',
  };
  const agent = bench.startWorking();
  expect(await agent.code()).toBe(5);
  expect(agent.said()).toMatch(/capcloud\.v9.*/);
  expect(agent.said()).toContain("npx capcloud-agent@latest");
});

test("an agent with nothing to do for long enough ends in good order; one at work does not", async () => {
  const agent = bench.startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "1.5" });
  await bench.coordinator.nth("ready");
  const lease = bench.grantEndless();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(agent.process.exitCode).toBeNull();
  bench.coordinator.say({ type: "cancel", jobs: [lease.job], reason: "deleted" });
  expect(await agent.code()).toBe(0);
  expect(agent.said()).toContain("nothing to do for long enough");
  expect(bench.coordinator.of("ready").at(-1)?.slots).toEqual({ gpu: 0, cpu: 0, io: 0 });
  expect(bench.coordinator.closes).toEqual([1000]);
});

test("an agent that never reached its edge does not end as if all was well", async () => {
  bench.coordinator.refusal = { status: 503, body: "" };
  expect(await bench.startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "0.5" }).code()).toBe(1);
});

test("an agent that was at its edge ends well although the link is down at that moment", async () => {
  const agent = bench.startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "3" });
  await bench.coordinator.nth("ready");
  bench.coordinator.refusal = { status: 503, body: "" };
  bench.coordinator.drop();
  expect(await agent.code()).toBe(0);
});

test.runIf(process.getuid?.() === 0)("an agent does not run as root without being told so", async () => {
  const agent = bench.startWorking({ CAPCLOUD_ALLOW_ROOT: "" });
  expect(await agent.code()).toBe(2);
  expect(agent.said()).toMatch(/does not run as root.*--allow-root/);
  expect(existsSync(bench.workspace)).toBe(false);
});

test("wrong settings end with a sentence and code 2, without a stack", async () => {
  const runs = [
    [bench.start([]), /--edge/],
    [bench.start(["--edge", "nowhere"]), /--edge is wrong/],
    [bench.start(["--edge", bench.coordinator.edge]), /CAPCLOUD_KEY/],
    [bench.start(["--frobnicate"]), /unknown option/],
  ] as const;
  for (const [agent, sentence] of runs) {
    expect(await agent.code()).toBe(2);
    expect(agent.said()).toMatch(sentence);
    expect(agent.said()).not.toMatch(/\n\s+at /);
  }
});
