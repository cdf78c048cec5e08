/** Limits follow from the machine, and hold whether there are namespaces or not. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStandIn, type StandIn } from "../testing/stand-in.ts";
import { confineAtMost } from "./confinement.ts";
import { limitOptions, parseHardLimits, type Room } from "./limits.ts";
import { runFfmpeg } from "./run.ts";

const KEY = "cca_a-key-that-nobody-may-read";

let tool: StandIn;
beforeAll(async () => {
  tool = await openStandIn();
});
afterAll(() => tool.close());

const ROOM: Room = { cores: 4, memoryBytes: 64 * 1_024 ** 3, hard: new Map() };
const RUN = { wallMs: 60_000, fileBytes: 5, devices: false, counted: true };

test("limits grow with the machine, end at its memory and are never above what there is", () => {
  expect(limitOptions(ROOM, RUN)).toEqual([
    "--core=0",
    "--nofile=512",
    "--fsize=5",
    "--cpu=300",
    `--data=${10 * 1_024 ** 3}`,
    "--nproc=1536",
  ]);
  const small = { ...ROOM, memoryBytes: 4 * 1_024 ** 3 };
  expect(limitOptions(small, RUN)).toContain(`--data=${Math.floor(3.6 * 1_024 ** 3)}`);
  const hard = parseHardLimits(
    "Limit                     Soft Limit           Hard Limit           Units\nMax open files            100                  256                  files\nMax cpu time              unlimited            unlimited            seconds\n",
  );
  expect(limitOptions({ ...ROOM, hard }, RUN)).toContain("--nofile=256");
  // Drivers reserve what they like; without a namespace all of a user's processes would count.
  const options = limitOptions(ROOM, { ...RUN, devices: true, counted: false }).join(" ");
  expect(options).not.toMatch(/data|nproc/);
});

describe.each(["namespaces", "limits"] as const)("limits hold: %s at most", (at) => {
  beforeAll(() => confineAtMost(at));
  afterAll(() => confineAtMost("namespaces"));

  test("a hundred gigabytes are not written", async () => {
    const huge = `$SIG{XFSZ} = "IGNORE"; open(F, ">", "${tool.job}/huge-${at}"); print STDERR truncate(F, 100e9) ? "written" : "refused: $!"`;
    await tool.disguise(await tool.perl(huge), "echo progress=end");
    expect((await runFfmpeg(tool.writing)).warnings).toMatch(/^refused: File too large/);
    expect((await stat(join(tool.job, `huge-${at}`))).size).toBe(0);
  });

  test("memory, processor time, open files and core dumps have their ends", async () => {
    const text = await tool.said('while read -r line; do echo "$line"; done < /proc/self/limits');
    const limit = (name: string) => new RegExp(`${name} +(\\S+) +(\\S+)`).exec(text)?.slice(1);
    for (const name of ["Max data size", "Max cpu time", "Max file size"])
      for (const value of limit(name) ?? []) expect(Number(value)).toBeGreaterThan(0);
    expect(limit("Max open files")).toEqual(["512", "512"]);
    expect(limit("Max core file size")).toEqual(["0", "0"]);
    expect(text).toContain("Max data size");
  });

  test("what was limited stays limited", async () => {
    const text = await tool.said(
      "prlimit --nofile=1024 --pid $$ 2>&1; ulimit -n 2>&1; ulimit -H -n 600 2>&1; ulimit -H -n",
    );
    expect(text.trim().split("\n").at(-1)).toBe("512");
  });

  test("the environment holds nothing of the agent's", async () => {
    process.env["CAPCLOUD_KEY"] = KEY;
    try {
      expect(await tool.said("set")).not.toContain(KEY);
    } finally {
      delete process.env["CAPCLOUD_KEY"];
    }
  });
});
