/** The package as it is published: packed, unpacked below node_modules, started by plain node. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { VERSION } from "./version.ts";

const run = promisify(execFile);
const agentFolder = join(import.meta.dirname, "..");
const Manifest = z.object({
  license: z.string(),
  bin: z.object({ "capcloud-agent": z.string() }),
  dependencies: z.record(z.string(), z.string()),
});

let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "package-"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: agentFolder });
  const [tarball = ""] = await readdir(folder);
  await run("tar", ["xzf", tarball], { cwd: folder });
  installed = join(folder, "node_modules", "capcloud-agent");
  await mkdir(dirname(installed), { recursive: true });
  await run("mv", [join(folder, "package"), installed]);
  for (const name of Object.keys((await manifest()).dependencies)) {
    const places = [join(agentFolder, "node_modules", name), join(agentFolder, "..", "node_modules", name)];
    await symlink(places.find((place) => existsSync(place)) ?? name, join(folder, "node_modules", name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function manifest() {
  return Manifest.parse(JSON.parse(await readFile(join(installed, "package.json"), "utf8")));
}

test("the packed agent runs below node_modules, where Node strips no types", async () => {
  const { bin } = await manifest();
  const command = join(installed, bin["capcloud-agent"]);
  expect(await readFile(command, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  const { stdout } = await run(process.execPath, [command, "check", "--json"], {
    env: { ...process.env, XDG_CACHE_HOME: folder },
  });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true });
});

test("a newcomer's first commands work from the package", async () => {
  const { bin } = await manifest();
  const command = join(installed, bin["capcloud-agent"]);
  const env = { PATH: process.env["PATH"], HOME: folder };
  const said = async (...args: string[]) => (await run(process.execPath, [command, ...args], { env })).stdout;
  expect(await said("--version")).toBe(`${VERSION}\n`);
  expect(await said("enroll", "--help")).toMatch(/--edge <url>/);
  await writeFile(join(folder, "key"), "cca_AbCd_0123456789abcdef\n", { mode: 0o600 });
  const settings = ["--edge", "https://files.example.com", "--key-file", join(folder, "key")];
  expect(await said("service", "--user", ...settings)).toContain(`ExecStart=${process.execPath} ${command}`);
  // What lies in a folder of npx is gone at its next clean-up.
  const fetched = join(folder, "_npx", "1", "node_modules");
  await mkdir(fetched, { recursive: true });
  await cp(installed, join(fetched, "capcloud-agent"), { recursive: true });
  await symlink(join(folder, "node_modules"), join(folder, "_npx", "node_modules"));
  const own = join(fetched, "capcloud-agent", bin["capcloud-agent"]);
  const refused = run(process.execPath, [own, "service", ...settings], { env });
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/npm install -g/) });
});

test("the package holds what runs and nothing else, and says what it may be used for", async () => {
  const files = await readdir(installed, { recursive: true });
  expect(files.filter((name) => /test|rehearsal|testing|\.ts$/.test(name))).toEqual([]);
  expect(files).toContain("README.md");
  expect((await manifest()).license).toBe("MIT");
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(installed, name))).size));
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(1_000_000);
});
