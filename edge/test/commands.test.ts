import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { root } from "../../scripts/build-worker.ts";
import { readRecord, uploadByCurl } from "../../scripts/demo/follow.ts";
import { freePort } from "../../scripts/local-edge.ts";
import { until } from "./house.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capcloud-commands-"));
});
afterAll(async () => {
  // A test that failed half way leaves nothing running either.
  for (const { process: child, ended } of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    process.kill(-(child.pid ?? 0), "SIGTERM");
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

const started: Running[] = [];

interface Running {
  process: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
}

/** The npm script's command, started as npm does, in a process group of its own like a terminal's job. */
function run(command: string, args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [join(root, "scripts", "bootstrap.mjs"), command, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const running = { process: child, output: () => output, ended };
  started.push(running);
  return running;
}

/** Ctrl-C: the terminal sends SIGINT to the whole group. */
function interrupt(running: Running): void {
  process.kill(-(running.process.pid ?? 0), "SIGINT");
}

const DemoResult = z.object({
  ok: z.literal(true),
  host: z.url(),
  clip: z.object({
    page: z.url(),
    raw: z.url(),
    master: z.url(),
    mp4: z.url(),
    thumbnail: z.url(),
    status: z.literal("ready"),
    rungs: z.array(z.string()).min(2),
  }),
  photo: z.object({
    page: z.url(),
    raw: z.url(),
    thumbnail: z.url(),
    preview: z.url(),
    blurhash: z.string().min(6),
  }),
});

test("the demo with --json and --keep prints its result last, every link answers, and Ctrl-C ends it", async () => {
  const demo = run("demo", ["--json", "--keep"]);
  const line = await until(
    "the demo's result",
    async () =>
      demo
        .output()
        .split("\n")
        .find((text) => text.startsWith('{"ok"')),
    240_000,
  ).catch((error: unknown) => {
    throw new Error(`The demo said:\n${demo.output()}`, { cause: error });
  });
  const result = DemoResult.parse(JSON.parse(line));
  const { clip, photo } = result;
  const links = [clip.page, clip.raw, clip.master, clip.mp4, clip.thumbnail];
  for (const link of [...links, photo.page, photo.raw, photo.thumbnail, photo.preview]) {
    const answer = await fetch(link);
    expect(answer.status, link).toBe(200);
    await answer.arrayBuffer();
  }
  interrupt(demo);
  expect(await demo.ended).toBe(0);
  await expect(fetch(result.host)).rejects.toThrow();
});

test("npm start keeps its data: stopped and started again, the file and its unfinished jobs are still there", async () => {
  const port = await freePort();
  const host = `http://127.0.0.1:${port}`;
  const env = { PORT: String(port), CAPCLOUD_DATA: join(folder, "data"), AGENTS: "0" };
  const note = join(folder, "photo.png");
  // A picture wants renditions, and no agent is there to make them yet.
  await writeFile(note, Buffer.from(TINY_PNG, "base64"));

  const first = run("start", [], env);
  await until("the first start", async () => first.output().includes("is up at"));
  const { id } = await uploadByCurl(note, host);
  expect((await readRecord(host, id)).status).toBe("processing");
  interrupt(first);
  expect(await first.ended).toBe(0);
  await expect(fetch(host)).rejects.toThrow();

  const second = run("start", [], { ...env, AGENTS: "1" });
  await until("the second start", async () => second.output().includes("is up at"));
  await until("the picture to be ready", async () => (await readRecord(host, id)).status === "ready");
  interrupt(second);
  expect(await second.ended).toBe(0);
});

test("a wrong PORT is refused with a sentence that names it", async () => {
  const start = run("start", [], { PORT: "eighty", CAPCLOUD_DATA: join(folder, "none") });
  expect(await start.ended).toBe(1);
  expect(start.output()).toContain('PORT is "eighty"');
});

/** 2 × 2 pixels. */
const TINY_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8DAwMDAxMDAwMDAAAANHQEDasKb6QAAAABJRU5ErkJggg==";
