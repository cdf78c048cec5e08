/** A process that starts itself anew: run for real, since it would take the tests' own process with it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const MODULE = join(import.meta.dirname, "lean-start.ts");
const SCRIPT = `
  import { startLean } from ${JSON.stringify(MODULE)};
  console.log(process.pid);
  startLean();
  const { execArgv: flags, argv, env } = process;
  console.log(JSON.stringify({ flags, args: argv.slice(2), arenas: env.MALLOC_ARENA_MAX, kept: env.KEPT, gc: typeof gc }));
`;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lean-"));
  await writeFile(join(folder, "start.mjs"), SCRIPT);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the script says, line by line. */
async function start(env: Record<string, string>): Promise<unknown[]> {
  const args = ["--no-warnings", join(folder, "start.mjs"), "--edge", "http://a b"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

test("starts once more as the same process, with the same arguments and surroundings", async () => {
  const [first, second, began, ...more] = await start({ KEPT: "yes" });
  expect(second).toBe(first);
  expect(more).toEqual([]);
  expect(began).toEqual({
    flags: ["--no-warnings", "--max-semi-space-size=2", "--expose-gc"],
    args: ["--edge", "http://a b"],
    arenas: "2",
    kept: "yes",
    gc: "function",
  });
});

test("who has said how memory is to be kept is left alone", async () => {
  const [, began, ...more] = await start({ MALLOC_ARENA_MAX: "8" });
  expect(more).toEqual([]);
  expect(began).toMatchObject({ flags: ["--no-warnings"], arenas: "8", gc: "undefined" });
});
