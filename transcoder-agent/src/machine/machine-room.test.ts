import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { groupShare, machineRoom, type GroupFiles } from "./machine-room.ts";

const GIBIBYTE = 1_024 ** 3;
let folder: string;
let files: GroupFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "groups-"));
  files = { self: join(folder, "self"), mounts: [join(folder, "mount")] };
});
afterEach(() => rm(folder, { recursive: true }));

async function group(path: string, limits: Record<string, string>): Promise<void> {
  const at = join(folder, "mount", path);
  await mkdir(at, { recursive: true });
  for (const [name, text] of Object.entries(limits)) await writeFile(join(at, name), text);
}

const inGroup = (path: string) => writeFile(files.self, `4:memory:/other\n0::${path}\n`);

test.each([
  ["200000 100000\n", 2],
  ["150000 100000\n", 1.5],
  ["max 100000\n", Infinity],
  ["", Infinity],
])("a quota of %j is %d cores", async (quota, cores) => {
  await inGroup("/");
  await group("/", { "cpu.max": quota });
  expect((await groupShare(files)).cores).toBe(cores);
});

test("the tightest limit counts, however far up it stands", async () => {
  await inGroup("/lent.slice/agents.slice/a.service");
  await group("lent.slice", { "cpu.max": "300000 100000", "memory.high": `${3 * GIBIBYTE}\n` });
  await group("lent.slice/agents.slice", { "cpu.max": "max 100000", "memory.max": `${4 * GIBIBYTE}\n` });
  await group("lent.slice/agents.slice/a.service", { "memory.max": "max\n", "cpu.max": "800000 100000" });
  expect(await groupShare(files)).toEqual({ cores: 3, memoryBytes: 3 * GIBIBYTE });
});

test("a machine without limits is used as it is, and nobody has less than one core", async () => {
  expect(await machineRoom({ ...files, self: join(folder, "none") })).toEqual({
    cores: availableParallelism(),
    memoryBytes: expect.any(Number),
  });
  await writeFile(files.self, "4:memory:/only/version/1\n");
  expect((await machineRoom(files)).memoryBytes).toBeLessThanOrEqual(totalmem());
  await inGroup("/small");
  await group("small", { "cpu.max": "20000 100000", "memory.max": `${GIBIBYTE}` });
  expect(await machineRoom(files)).toEqual({ cores: 1, memoryBytes: GIBIBYTE });
});
