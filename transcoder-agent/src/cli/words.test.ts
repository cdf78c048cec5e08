/** What the command line tells whoever asks it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliBench } from "../testing/cli-bench.ts";
import { CLI } from "../testing/cli-process.ts";

let bench: CliBench;
beforeEach(async () => {
  bench = await CliBench.open();
});
afterEach(() => bench.close());

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
  const agent = bench.start(["--help"]);
  expect(await agent.code()).toBe(0);
  const flags = ["--edge", "--key-file", "--hours", "--exit-when-idle"];
  const variables = ["CAPCLOUD_KEY_FILE", "CAPCLOUD_HEALTH", "LOG_FORMAT"];
  for (const word of [...flags, ...variables, "check", "enroll", "service", "Exit codes", "5 too old"]) {
    expect(agent.said()).toContain(word);
  }
});

test("check tells what this machine can do, for people and for programs", async () => {
  const text = bench.start(["check"]);
  expect(await text.code()).toBe(0);
  expect(text.said()).toMatch(/encoders +libx264/);
  const json = bench.start(["check", "--json"]);
  expect(await json.code()).toBe(0);
  expect(JSON.parse(json.said())).toMatchObject({ ok: true, slots: { cpu: expect.any(Number) } });
  const bare = bench.start(["check"], { PATH: join(bench.folder, "nothing") });
  expect(await bare.code()).toBe(1);
  expect(bare.said()).toMatch(/install ffmpeg/);
  expect(existsSync(bench.workspace)).toBe(false);
});
