/** The agent as people run it: a process of its own, against a coordinator and a storage on loopback. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobKind } from "./protocol.ts";
import { RehearsalCoordinator, welcome } from "./rehearsal/coordinator.ts";
import { Storage } from "./rehearsal/storage.ts";
import { until } from "./rehearsal/until.ts";

const CLI = join(import.meta.dirname, "cli.ts");
const KEY = "cca_test_0123456789abcdef";
let coordinator: RehearsalCoordinator;
let storage: Storage;
let folder: string;
let agents: Agent[];

interface Agent {
  process: ChildProcess;
  /** All it wrote, stdout and stderr. */
  said: () => string;
  code: () => Promise<number | null>;
}

beforeEach(async () => {
  [coordinator, storage] = await Promise.all([RehearsalCoordinator.start(), Storage.start()]);
  coordinator.sign = (name) => storage.url(`/${name}`);
  folder = await mkdtemp(join(tmpdir(), "cli-"));
  agents = [];
});
afterEach(async () => {
  for (const { process } of agents) process.kill("SIGKILL");
  await Promise.all(agents.map(({ code }) => code()));
  await Promise.all([coordinator.stop(), storage.stop()]);
  await rm(folder, { recursive: true, force: true });
});

function start(args: string[], environment: Record<string, string> = {}, options: SpawnOptions = {}): Agent {
  const child = spawn(process.execPath, [CLI, ...args], {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CACHE_HOME: join(tmpdir(), "capcloud-test-cache"),
      // Tests run as whoever runs them.
      CAPCLOUD_ALLOW_ROOT: "1",
      ...environment,
    },
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const closed = once(child, "close");
  const agent: Agent = {
    process: child,
    said: () => text,
    code: async () => ((await closed) as [number | null])[0],
  };
  agents.push(agent);
  return agent;
}

const startWorking = (environment: Record<string, string> = {}, options: SpawnOptions = {}) =>
  start(
    ["--edge", coordinator.edge, "--workspace", join(folder, "work"), "--reconnect-seconds", "0.05"],
    {
      CAPCLOUD_KEY: KEY,
      ...environment,
    },
    options,
  );

async function jobFolders(): Promise<string[]> {
  return readdir(join(folder, "work", "capcloud-scratch", "jobs")).catch(() => []);
}

/** Processes of this machine that have `text` in their command line. */
async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(text));
}

async function putPicture(): Promise<{ name: string; size: number; url: string }> {
  const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
  storage.put("/o", picture);
  return { name: "original", size: picture.length, url: storage.url("/o") };
}

/** A source that never comes: whoever reads it waits. */
function putNothing(): { name: string; size: number; url: string } {
  storage.fault = ({ path }) => path === "/never";
  return { name: "original", size: 100_000_000, url: storage.url("/never") };
}

test("an agent makes a picture's renditions, and ends in good order on a signal", async () => {
  const agent = startWorking();
  await coordinator.nth("ready");
  const hello = await coordinator.nth("hello");
  expect(hello.capabilities).toMatchObject({ kinds: JobKind.options });
  expect(hello.capabilities.encoders).toContain("libx264");
  const lease = coordinator.grant("main.1", { slot: "io", inputs: [await putPicture()] });
  const complete = await coordinator.nth("complete");
  expect(complete).toMatchObject({ lease, result: { kind: "image", width: 640, height: 480 } });
  for (const { name, size } of complete.objects) expect(storage.objects.get(`/${name}`)?.length).toBe(size);

  agent.process.kill("SIGTERM");
  expect(await agent.code()).toBe(0);
  expect(coordinator.closes).toEqual([1000]);
  expect(await readdir(join(folder, "work"))).toEqual([]);
  expect(agent.said()).not.toContain("0123456789abcdef");
});

test("a second signal gives a job back at once, and no process stays", async () => {
  const agent = startWorking();
  await coordinator.nth("ready");
  const lease = coordinator.grant("main.1", {
    slot: "io",
    recipe: { kind: "inspect", media: "video" },
    inputs: [putNothing()],
  });
  const url = await until("a tool that reads the input", async () => {
    return (await processesWith("ffprobe")).find((line) => line.includes("http://127.0.0.1"));
  });
  const address = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(url)?.[0] ?? "";
  agent.process.kill("SIGTERM");
  await until("the first signal was heard", () => agent.said().includes("second signal"));
  expect(coordinator.of("release")).toEqual([]);
  agent.process.kill("SIGINT");
  expect(await agent.code()).toBe(0);
  expect(coordinator.of("release").map((frame) => frame.lease)).toEqual([lease]);
  expect(await processesWith(address)).toEqual([]);
});

test("Ctrl-C in a terminal reaches the agent and none of its tools", async () => {
  coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 50 });
  const agent = startWorking({}, { detached: true });
  await coordinator.nth("ready");
  coordinator.grant("main.1", {
    slot: "io",
    recipe: { kind: "inspect", media: "video" },
    inputs: [putNothing()],
  });
  const line = await until("a tool that reads the input", async () => {
    return (await processesWith("ffprobe")).find((one) => one.includes("http://127.0.0.1"));
  });
  const address = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(line)?.[0] ?? "";
  // The agent leads a group of its own, as the foreground of a terminal does.
  process.kill(-(agent.process.pid ?? 0), "SIGINT");
  await until("the agent heard it", () => agent.said().includes("second signal"));
  await coordinator.nth("renew", coordinator.of("renew").length + 10);
  expect(await processesWith(address)).not.toEqual([]);
  expect(coordinator.of("release")).toEqual([]);
  expect(coordinator.of("fail")).toEqual([]);
  agent.process.kill("SIGTERM");
  expect(await agent.code()).toBe(0);
});

test("a killed agent leaves no process, and its folder is swept at the next start", async () => {
  const agent = startWorking();
  await coordinator.nth("ready");
  coordinator.grant("main.1", {
    slot: "io",
    recipe: { kind: "inspect", media: "video" },
    inputs: [putNothing()],
  });
  const line = await until("a tool that reads the input", async () => {
    return (await processesWith("ffprobe")).find((one) => one.includes("http://127.0.0.1"));
  });
  const address = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(line)?.[0] ?? "";
  agent.process.kill("SIGKILL");
  await agent.code();
  await until("no tool is left", async () => (await processesWith(address)).length === 0);
  expect(await jobFolders()).toHaveLength(1);
  startWorking();
  await coordinator.nth("hello", 2);
  expect(await jobFolders()).toEqual([]);
});

test.each([
  ["an unknown key", 401, /CAPCLOUD_KEY/],
  ["a revoked key", 403, /revoked/],
])("%s ends the agent with a sentence and code 3", async (_what, status, sentence) => {
  coordinator.refusal = { status, body: "" };
  const agent = startWorking();
  expect(await agent.code()).toBe(3);
  expect(agent.said()).toMatch(sentence);
  expect(await readdir(join(folder, "work"))).toEqual([]);
});

test("an agent replaced by another with its key stops, with code 3", async () => {
  const agent = startWorking();
  await coordinator.nth("ready");
  coordinator.drop(4001);
  expect(await agent.code()).toBe(3);
  expect(agent.said()).toMatch(/key of its own/);
});

test("an agent that the edge keeps not understanding ends with code 5 and says how to update", async () => {
  coordinator.refusal = { status: 400, body: '{"description":"The subprotocol capcloud.v9 is required."}' };
  const agent = startWorking();
  expect(await agent.code()).toBe(5);
  expect(agent.said()).toMatch(/capcloud\.v9.*/);
  expect(agent.said()).toContain("npx capcloud-agent@latest");
});

test("an agent with nothing to do for long enough ends in good order; one at work does not", async () => {
  const agent = startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "1.5" });
  await coordinator.nth("ready");
  const lease = coordinator.grant("main.1", {
    slot: "io",
    recipe: { kind: "inspect", media: "video" },
    inputs: [putNothing()],
  });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(agent.process.exitCode).toBeNull();
  coordinator.say({ type: "cancel", jobs: [lease.job], reason: "deleted" });
  expect(await agent.code()).toBe(0);
  expect(agent.said()).toContain("nothing to do for long enough");
  expect(coordinator.of("ready").at(-1)?.slots).toEqual({ gpu: 0, cpu: 0, io: 0 });
  expect(coordinator.closes).toEqual([1000]);
});

test("an agent that never reached its edge does not end as if all was well", async () => {
  coordinator.refusal = { status: 503, body: "" };
  expect(await startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "0.5" }).code()).toBe(1);
});

test("an agent that was at its edge ends well although the link is down at that moment", async () => {
  const agent = startWorking({ CAPCLOUD_EXIT_WHEN_IDLE: "3" });
  await coordinator.nth("ready");
  coordinator.refusal = { status: 503, body: "" };
  coordinator.drop();
  expect(await agent.code()).toBe(0);
});

test("outside its hours an agent takes nothing from its first word on, and says why", async () => {
  // A driver that takes its time must not let a job slip in before it has been decided.
  await writeFile(join(folder, "nvidia-smi"), "#!/bin/sh\nsleep 2\necho 0\n", { mode: 0o755 });
  const now = new Date();
  const clock = (hours: number) => `${(now.getHours() + hours) % 24}:00`;
  startWorking({
    CAPCLOUD_HOURS: `${clock(2)}-${clock(3)}`,
    CAPCLOUD_PAUSE_WHEN_GPU_BUSY: "1",
    PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`,
  });
  const ready = await coordinator.nth("ready");
  expect(ready).toMatchObject({ slots: { gpu: 0, cpu: 0, io: 0 } });
  expect(ready.resting).toMatch(/^outside its hours \(\d+:00-\d+:00\)$/);
});

test("health is told on request, with the job at work and its progress", async () => {
  const agent = startWorking({ CAPCLOUD_HEALTH: "0", CAPCLOUD_LABEL: "garage" });
  await coordinator.nth("ready");
  coordinator.grant("main.1", {
    slot: "io",
    recipe: { kind: "inspect", media: "video" },
    inputs: [putNothing()],
  });
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
  coordinator.refusal = { status: 503, body: '{"description":"Back soon."}' };
  coordinator.drop();
  const down = await until("the loss is told", async () => {
    const answer = await fetch(`${url}/healthz`);
    return answer.status === 503 ? answer : null;
  });
  expect(await down.json()).toMatchObject({ ok: false, last_error: { sentence: expect.any(String) } });
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^capcloud_agent_connected 0$/m);
});

test.runIf(process.getuid?.() === 0)("an agent does not run as root without being told so", async () => {
  const agent = startWorking({ CAPCLOUD_ALLOW_ROOT: "" });
  expect(await agent.code()).toBe(2);
  expect(agent.said()).toMatch(/does not run as root.*--allow-root/);
  expect(existsSync(join(folder, "work"))).toBe(false);
});

test("two agents do not share a workspace", async () => {
  startWorking();
  await coordinator.nth("ready");
  const second = startWorking();
  expect(await second.code()).toBe(2);
  expect(second.said()).toMatch(/--workspace/);
});

test("wrong settings end with a sentence and code 2, without a stack", async () => {
  const runs = [
    [start([]), /--edge/],
    [start(["--edge", "nowhere"]), /--edge is wrong/],
    [start(["--edge", coordinator.edge]), /CAPCLOUD_KEY/],
    [start(["--frobnicate"]), /unknown option/],
  ] as const;
  for (const [agent, sentence] of runs) {
    expect(await agent.code()).toBe(2);
    expect(agent.said()).toMatch(sentence);
    expect(agent.said()).not.toMatch(/\n\s+at /);
  }
});

test("a reader who has seen enough of the help is no trouble", async () => {
  const shell = spawn("sh", ["-c", '"$0" "$@" | head -1', process.execPath, CLI, "--help"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [shell.stdout, shell.stderr])
    stream.on("data", (text: Buffer) => (said += text.toString()));
  await once(shell, "close");
  expect(said).toBe("Usage: capcloud-agent [options] [command]\n");
});

test("the help is a manual: every flag, every variable, every exit code", async () => {
  const agent = start(["--help"]);
  expect(await agent.code()).toBe(0);
  const words = ["--edge", "--key-file", "CAPCLOUD_KEY_FILE", "LOG_FORMAT", "check", "Exit codes"];
  for (const word of [
    ...words,
    "--hours",
    "enroll",
    "service",
    "--exit-when-idle",
    "CAPCLOUD_HEALTH",
    "5 too old",
  ]) {
    expect(agent.said()).toContain(word);
  }
});

test("check tells what this machine can do, for people and for programs", async () => {
  const text = start(["check"]);
  expect(await text.code()).toBe(0);
  expect(text.said()).toMatch(/encoders +libx264/);
  const json = start(["check", "--json"]);
  expect(await json.code()).toBe(0);
  expect(JSON.parse(json.said())).toMatchObject({ ok: true, slots: { cpu: expect.any(Number) } });
  const bare = start(["check"], { PATH: join(folder, "nothing") });
  expect(await bare.code()).toBe(1);
  expect(bare.said()).toMatch(/install ffmpeg/);
  expect(existsSync(join(folder, "work"))).toBe(false);
});
