/** The agent at work, as people run it: against a coordinator and a storage on loopback. */
import { readdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobKind } from "./protocol.ts";
import { CliBench, KEY_SECRET, processesWith } from "./testing/cli-bench.ts";
import { welcome } from "./rehearsal/coordinator.ts";
import { until } from "./rehearsal/until.ts";

let bench: CliBench;
beforeEach(async () => {
  bench = await CliBench.open();
});
afterEach(() => bench.close());

async function putPicture(): Promise<{ name: string; size: number; url: string }> {
  const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
  bench.storage.put("/o", picture);
  return { name: "original", size: picture.length, url: bench.storage.url("/o") };
}

test("an agent makes a picture's renditions, and ends in good order on a signal", async () => {
  const agent = bench.startWorking();
  await bench.coordinator.nth("ready");
  const hello = await bench.coordinator.nth("hello");
  expect(hello.capabilities).toMatchObject({ kinds: JobKind.options });
  expect(hello.capabilities.encoders).toContain("libx264");
  const lease = bench.coordinator.grant("main.1", { slot: "io", inputs: [await putPicture()] });
  const complete = await bench.coordinator.nth("complete");
  expect(complete).toMatchObject({ lease, result: { kind: "image", width: 640, height: 480 } });
  for (const { name, size } of complete.objects)
    expect(bench.storage.objects.get(`/${name}`)?.length).toBe(size);

  agent.process.kill("SIGTERM");
  expect(await agent.code()).toBe(0);
  expect(bench.coordinator.closes).toEqual([1000]);
  expect(await readdir(bench.workspace)).toEqual([]);
  expect(agent.said()).not.toContain(KEY_SECRET);
});

test("a second signal gives a job back at once, and no process stays", async () => {
  const agent = bench.startWorking();
  await bench.coordinator.nth("ready");
  const lease = bench.grantEndless();
  const address = await bench.addressRead();
  agent.process.kill("SIGTERM");
  await until("the first signal was heard", () => agent.said().includes("second signal"));
  expect(bench.coordinator.of("release")).toEqual([]);
  agent.process.kill("SIGINT");
  expect(await agent.code()).toBe(0);
  expect(bench.coordinator.of("release").map((frame) => frame.lease)).toEqual([lease]);
  expect(await processesWith(address)).toEqual([]);
});

test("Ctrl-C in a terminal reaches the agent and none of its tools", async () => {
  bench.coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 50 });
  const agent = bench.startWorking({}, { detached: true });
  await bench.coordinator.nth("ready");
  bench.grantEndless();
  const address = await bench.addressRead();
  // The agent leads a group of its own, as the foreground of a terminal does.
  process.kill(-(agent.process.pid ?? 0), "SIGINT");
  await until("the agent heard it", () => agent.said().includes("second signal"));
  await bench.coordinator.nth("renew", bench.coordinator.of("renew").length + 10);
  expect(await processesWith(address)).not.toEqual([]);
  expect(bench.coordinator.of("release")).toEqual([]);
  expect(bench.coordinator.of("fail")).toEqual([]);
  agent.process.kill("SIGTERM");
  expect(await agent.code()).toBe(0);
});

test("a killed agent leaves no process, and its folder is swept at the next start", async () => {
  const agent = bench.startWorking();
  await bench.coordinator.nth("ready");
  bench.grantEndless();
  const address = await bench.addressRead();
  agent.process.kill("SIGKILL");
  await agent.code();
  await until("no tool is left", async () => (await processesWith(address)).length === 0);
  expect(await bench.jobFolders()).toHaveLength(1);
  bench.startWorking();
  await bench.coordinator.nth("hello", 2);
  expect(await bench.jobFolders()).toEqual([]);
});

test("outside its hours an agent takes nothing from its first word on, and says why", async () => {
  // A driver that takes its time must not let a job slip in before it has been decided.
  await writeFile(join(bench.folder, "nvidia-smi"), "#!/bin/sh\nsleep 2\necho 0\n", { mode: 0o755 });
  const now = new Date();
  const clock = (hours: number) => `${(now.getHours() + hours) % 24}:00`;
  bench.startWorking({
    CAPCLOUD_HOURS: `${clock(2)}-${clock(3)}`,
    CAPCLOUD_PAUSE_WHEN_GPU_BUSY: "1",
    PATH: `${bench.folder}${delimiter}${process.env["PATH"] ?? ""}`,
  });
  const ready = await bench.coordinator.nth("ready");
  expect(ready).toMatchObject({ slots: { gpu: 0, cpu: 0, io: 0 } });
  expect(ready.resting).toMatch(/^outside its hours \(\d+:00-\d+:00\)$/);
});

test("health is told on request, with the job at work and its progress", async () => {
  const agent = bench.startWorking({ CAPCLOUD_HEALTH: "0", CAPCLOUD_LABEL: "garage" });
  await bench.coordinator.nth("ready");
  bench.grantEndless();
  const url = await until("the address", () => /"at":"(http\S+)\/healthz/.exec(agent.said())?.[1]);
  const read = async (): Promise<unknown> => (await fetch(`${url}/healthz`)).json();
  await until("the job is told", async () => JSON.stringify(await read()).includes("main.1"));
  expect(await read()).toMatchObject({
    ok: true,
    connected: true,
    label: "garage",
    resting: null,
    jobs: [{ id: "main.1", kind: "inspect", slot: "io", fraction: 0 }],
  });
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^capcloud_agent_jobs 1$/m);
  bench.coordinator.refusal = { status: 503, body: '{"description":"Back soon."}' };
  bench.coordinator.drop();
  const down = await until("the loss is told", async () => {
    const answer = await fetch(`${url}/healthz`);
    return answer.status === 503 ? answer : null;
  });
  expect(await down.json()).toMatchObject({ ok: false, last_error: { sentence: expect.any(String) } });
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^capcloud_agent_connected 0$/m);
});

test("two agents do not share a workspace", async () => {
  bench.startWorking();
  await bench.coordinator.nth("ready");
  const second = bench.startWorking();
  expect(await second.code()).toBe(2);
  expect(second.said()).toMatch(/--workspace/);
});
