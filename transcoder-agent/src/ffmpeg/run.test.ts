/** What starts ffmpeg also ends it, whatever happens to the job or the agent. */
import { offerInput, withdrawInput } from "./loopback-inputs.ts";
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Abandoned, JobError } from "../errors.ts";
import { NICENESS } from "./background.ts";
import { findProgram } from "./guard.ts";
import type { Invocation } from "./invocation.ts";
import { runFfmpeg, runFfprobe, streamFfmpeg } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capcloud-run-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `-re` makes it as slow as life. */
function pictures(seconds: number, path: string, slow = false): Invocation {
  const options = [...(slow ? ["-re"] : []), "-f", "lavfi"];
  return {
    inputs: [{ options, url: `testsrc2=s=64x64:r=10:d=${seconds}` }],
    outputs: [
      {
        options: [
          "-c:v",
          "mpeg4",
          "-flush_packets",
          "1",
          "-movflags",
          "+frag_every_frame+empty_moov",
          "-f",
          "mp4",
        ],
        path,
      },
    ],
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error("the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes that have this in their command line and are ffmpeg itself. */
async function running(mark: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args=", "-ww"]);
  const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return lines.flatMap(([pid, program, ...rest]) =>
    pid !== undefined && program?.endsWith("ffmpeg") === true && rest.join(" ").includes(mark) ? [pid] : [],
  );
}

test("a run that comes to its end tells what it made", async () => {
  const path = join(folder, "whole.mp4");
  const seen: number[] = [];
  const outcome = await runFfmpeg(pictures(3, path), { onProgress: ({ frame }) => void seen.push(frame) });
  expect(outcome.frame).toBe(30);
  expect(outcome.seconds).toBeGreaterThan(2.5);
  expect(seen.at(-1)).toBe(30);
  expect((await stat(path)).size).toBeGreaterThan(0);
});

/** Of the session of an ffmpeg: "/autogroup-12 nice 5". */
async function nicenessOf(mark: string): Promise<string | undefined> {
  const [pid] = await running(mark);
  const text = pid === undefined ? "" : await readFile(`/proc/${pid}/autogroup`, "utf8").catch(() => "");
  return text.trim().split(" ").at(-1);
}

test.runIf(existsSync("/proc/self/autogroup"))(
  "what takes long stands back behind all else on the machine, what somebody waits for does not",
  async () => {
    const stop = new AbortController();
    const [long, short] = ["long.mp4", "short.mp4"].map((name) => join(folder, name));
    if (long === undefined || short === undefined) return;
    const runs = [
      runFfmpeg(pictures(600, short, true), { signal: stop.signal, foreground: true }),
      runFfmpeg(pictures(600, long, true), { signal: stop.signal }),
    ];
    try {
      await until(async () => (await nicenessOf(long)) === NICENESS);
      expect(await nicenessOf(short)).toBe("0");
    } finally {
      stop.abort();
      await Promise.allSettled(runs);
    }
  },
);

test("output is taken as it comes, and a failure is told without the progress in between", async () => {
  const raw = (url: string): Invocation => ({
    inputs: [{ options: ["-f", "lavfi"], url }],
    outputs: [{ options: ["-f", "rawvideo", "-pix_fmt", "gray"], path: "pipe:1" }],
  });
  let bytes = 0;
  await streamFfmpeg(raw("color=s=64x64:r=10:d=2"), (piece) => void (bytes += piece.length));
  expect(bytes).toBe(64 * 64 * 20);
  const enough = new Error("enough");
  const stopped = streamFfmpeg(raw("color=s=640x640:r=10:d=600"), () => {
    throw enough;
  });
  await expect(stopped).rejects.toBe(enough);
  await expect(streamFfmpeg(raw("nothing=1"), () => {})).rejects.toMatchObject({
    message: expect.not.stringContaining("progress"),
  });
});

test("options with spaces and quotes arrive as they are", async () => {
  const path = join(folder, "it's  a 'file'.mp4");
  await runFfmpeg(pictures(0.5, path));
  expect((await stat(path)).size).toBeGreaterThan(0);
});

test("a failing run is a JobError without paths", async () => {
  const missing: Invocation = {
    inputs: [{ options: ["-protocol_whitelist", "file"], url: join(folder, "nothing.mp4") }],
    outputs: [{ options: ["-f", "null"], path: "-" }],
  };
  const failure = await runFfmpeg(missing).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(JobError);
  expect(String(failure)).not.toContain(folder);
});

test("an abort ends it at once, with the reason of the abort", async () => {
  const path = join(folder, "aborted.mp4");
  const controller = new AbortController();
  const run = runFfmpeg(pictures(600, path, true), {
    signal: controller.signal,
    onProgress: () => controller.abort(new Abandoned("lost")),
  });
  await expect(run).rejects.toThrow(new Abandoned("lost"));
  expect(await running(path)).toEqual([]);
  await expect(runFfmpeg(pictures(1, path), { signal: controller.signal })).rejects.toThrow("lost");
});

test("a run that takes too long, or moves no more, is ended", async () => {
  const slow = pictures(600, join(folder, "slow.mp4"), true);
  await expect(runFfmpeg(slow, { limits: { wallMs: 1_500 } })).rejects.toMatchObject({ code: "timeout" });
  const silent = runFfprobe(["-v", "error", "-i", "tcp://127.0.0.1:59871?listen=1"], {
    limits: { stallMs: 700 },
  });
  await expect(silent).rejects.toMatchObject({ code: "stalled" });
});

test("who stands still because the input does is not ended, however long the line is away", async () => {
  const url = "tcp://127.0.0.1:59872?listen=1";
  let awaited = 3;
  offerInput(url, () => (awaited -= 1) > 0);
  const began = performance.now();
  const silent = runFfprobe(["-v", "error", "-i", url], { limits: { stallMs: 300 } });
  await expect(silent).rejects.toMatchObject({ code: "stalled" });
  withdrawInput(url);
  // Asked three times, and only then was nothing on its way.
  expect(performance.now() - began).toBeGreaterThan(850);
});

/** A process that runs ffmpeg as the agent does, with a secret in its environment and deaf to Ctrl-C. */
async function startAgent(path: string, environment: NodeJS.ProcessEnv) {
  const script = join(folder, "agent.mjs");
  const runner = new URL("run.ts", import.meta.url).href;
  const invocation = JSON.stringify(pictures(600, path, true));
  const listen = "for (const name of ['SIGINT', 'SIGHUP']) process.on(name, () => {});";
  await writeFile(script, `import { runFfmpeg } from "${runner}"; ${listen} await runFfmpeg(${invocation});`);
  const options = { env: { ...environment, CAPCLOUD_KEY: "cca_secret" }, stdio: "ignore" } as const;
  return spawn(process.execPath, [script], { ...options, detached: true });
}

/** A PATH on which there is ffmpeg and nothing else. */
async function barePath(): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  await symlink(findProgram("ffmpeg") ?? "", join(bin, "ffmpeg")).catch(() => {});
  return bin;
}

test.each(["by the kernel", "by a guardian process"])(
  "ffmpeg dies with a killed agent, not of Ctrl-C: %s",
  async (how) => {
    const path = join(folder, `${how.replaceAll(" ", "-")}.mp4`);
    const PATH = how === "by the kernel" ? process.env.PATH : await barePath();
    const agent = await startAgent(path, { PATH });
    await until(async () => (await running(path)).length === 1);
    const [pid] = await running(path);
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("LC_ALL=C");
    expect(environment).not.toContain("cca_secret");
    // As a terminal does to all that belongs to its foreground.
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.kill(-(agent.pid ?? 0), signal);
    const size = async () => (await stat(path).catch(() => ({ size: 0 }))).size;
    const before = await size();
    await until(async () => (await size()) > before);
    expect(await running(path)).toEqual([pid]);
    agent.kill("SIGKILL");
    await until(async () => (await running(path)).length === 0);
  },
);
