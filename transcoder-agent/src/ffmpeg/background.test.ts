/** Whether a tool stands back behind the desktop, asked of the kernel. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NICENESS, standBack } from "./background.ts";

const GROUPS = existsSync("/proc/self/autogroup");
/** Of the session: "/autogroup-12 nice 10". */
const niceness = (pid: number | "self") => readFileSync(`/proc/${pid}/autogroup`, "utf8").split(" ").at(-1);

test.runIf(GROUPS)("a tool in a session of its own stands back, and nobody else with it", async () => {
  const before = niceness("self");
  const tool = spawn("setsid", ["sleep", "60"]);
  try {
    await standBack(tool.pid);
    expect(niceness(tool.pid ?? 0)?.trim()).toBe(NICENESS);
    expect(niceness("self")).toBe(before);
  } finally {
    tool.kill("SIGKILL");
  }
});

test.runIf(GROUPS)("what shares a session with the agent is left alone", async () => {
  const before = niceness("self");
  const tool = spawn("sleep", ["60"]);
  try {
    await standBack(tool.pid);
    expect(niceness("self")).toBe(before);
  } finally {
    tool.kill("SIGKILL");
  }
});

test("a tool that has ended is no trouble", async () => {
  await expect(standBack(2 ** 30)).resolves.toBeUndefined();
});
