import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { descends, findGpuSight } from "./gpu-sight.ts";
import { askNvidia } from "./nvidia.ts";
import { onBattery } from "./power.ts";

let folder: string;
const path = process.env["PATH"] ?? "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "readings-"));
});
afterEach(async () => {
  process.env["PATH"] = path;
  await rm(folder, { recursive: true });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const NOBODY = async () => null;

test("an AMD GPU tells how busy it is, but not with whose work", async () => {
  await write({ "card0/device/gpu_busy_percent": "7\n", "card1/device/gpu_busy_percent": "93\n" });
  await write({ "card1-DP-1/device/gpu_busy_percent": "100\n", "renderD128/x": "" });
  const sight = await findGpuSight({ ask: NOBODY, cards: folder });
  expect(sight.by).toBe("gpu_busy_percent");
  expect(await sight.read(false)).toBe(93);
  expect(await sight.read(true)).toBeNull();
});

test("where nothing tells, that is said", async () => {
  await write({ "card0/device/vendor": "0x8086\n" });
  for (const cards of [folder, join(folder, "none")]) {
    const sight = await findGpuSight({ ask: NOBODY, cards });
    expect([sight.by, await sight.read(false)]).toEqual([null, null]);
  }
});

test("nvidia-smi is asked by process, and what we started is ours", async () => {
  const own = spawn("sleep", ["60"]);
  const pmon = (pid: number | undefined) => `# gpu pid type sm mem enc dec command\n0 ${pid} C 80 1 0 0 x\n`;
  const sight = (pid: number | undefined) =>
    findGpuSight({ ask: async ([first]) => (first === "pmon" ? pmon(pid) : "80\n"), cards: folder });
  try {
    expect(await (await sight(own.pid)).read(true)).toBe(0);
    expect(await (await sight(process.ppid)).read(true)).toBe(80);
    expect(await descends(own.pid ?? 0, process.pid)).toBe(true);
    expect(await descends(process.pid, own.pid ?? 0)).toBe(false);
  } finally {
    own.kill("SIGKILL");
  }
});

test("a program named nvidia-smi is found, and one that fails or is missing says nothing", async () => {
  await write({ "nvidia-smi": '#!/bin/sh\n[ "$1" = fail ] && exit 9\necho "said $*"\n' });
  await chmod(join(folder, "nvidia-smi"), 0o755);
  process.env["PATH"] = `${folder}${delimiter}${path}`;
  expect(await askNvidia(["pmon", "-c", "1"])).toBe("said pmon -c 1\n");
  expect(await askNvidia(["fail"])).toBeNull();
  process.env["PATH"] = join(folder, "none");
  expect(await askNvidia(["pmon"])).toBeNull();
});

test.each<[string, Record<string, string>, boolean | null]>([
  ["no battery", { "AC/type": "Mains", "AC/online": "1" }, null],
  [
    "a laptop at the socket",
    { "AC/type": "Mains", "AC/online": "1", "B/type": "Battery", "B/status": "Charging" },
    false,
  ],
  [
    "a laptop on the road",
    { "AC/type": "Mains", "AC/online": "0", "B/type": "Battery", "B/status": "Discharging" },
    true,
  ],
  ["a full one that says no more", { "B/type": "Battery", "B/status": "Full" }, false],
  ["a desktop with a mouse", { "M/type": "Battery", "M/scope": "Device", "M/status": "Discharging" }, null],
])("power: %s", async (_what, files, expected) => {
  await write(files);
  expect(await onBattery(folder)).toBe(expected);
});
