import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir, uptime } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Workspace } from "./workspace.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "workspace-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("each job has a folder of its own, which goes with it", async () => {
  const workspace = await Workspace.open(root);
  const [one, other] = [await workspace.openJob(), await workspace.openJob()];
  expect(one).not.toBe(other);
  await writeFile(join(one, "half.mp4"), "x");
  await workspace.closeJob(one);
  expect(existsSync(one)).toBe(false);
  expect(existsSync(other)).toBe(true);
  await workspace.close();
  expect(await readdir(root)).toEqual([]);
});

test("a folder that the system cleared away is made again", async () => {
  const workspace = await Workspace.open(root);
  await rm(join(root, "capcloud-scratch"), { recursive: true });
  expect(existsSync(await workspace.openJob())).toBe(true);
  await workspace.close();
});

test("where the system tells of no process when it began, a lock from before the machine's last start is none", async () => {
  const lock = join(root, "capcloud-agent.lock");
  const anHourAgo = Date.now() - 1_000 * uptime() - 3_600_000;
  await writeFile(lock, JSON.stringify({ pid: process.ppid, started: "", booted: anHourAgo }));
  await (await Workspace.open(root)).close();
  const now = Date.now() - 1_000 * uptime();
  await writeFile(lock, JSON.stringify({ pid: process.ppid, started: "", booted: now }));
  await expect(Workspace.open(root)).rejects.toThrow(/Another agent/);
  await rm(lock);
});

test("a folder named from where the agent was started is told to tools as a whole path", async () => {
  const workspace = await Workspace.open(relative(process.cwd(), root));
  expect(await workspace.openJob()).toMatch(new RegExp(`^${root}/`));
  await workspace.close();
});

test("what a killed agent left is swept at the next start, and nothing else is", async () => {
  const script = `
    import { Workspace } from ${JSON.stringify(join(import.meta.dirname, "workspace.ts"))};
    const workspace = await Workspace.open(${JSON.stringify(root)});
    console.log(await workspace.openJob());
    setInterval(() => {}, 1000);`;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [folder] = (await once(agent.stdout, "data")) as [Buffer];
  await writeFile(join(root, "holiday.jpg"), "mine");
  await mkdir(join(root, "jobs"));
  await expect(Workspace.open(root)).rejects.toThrow(new RegExp(`process ${agent.pid}.*--workspace`));

  agent.kill("SIGKILL");
  await once(agent, "exit");
  const workspace = await Workspace.open(root);
  expect(existsSync(folder.toString().trim())).toBe(false);
  await workspace.close();
  expect((await readdir(root)).toSorted()).toEqual(["holiday.jpg", "jobs"]);
});

test("a lock whose process number now belongs to somebody else is no lock", async () => {
  const lock = join(root, "capcloud-agent.lock");
  await writeFile(lock, JSON.stringify({ pid: process.ppid, started: "long ago" }));
  const workspace = await Workspace.open(root);
  expect(await readFile(lock, "utf8")).toContain(String(process.pid));
  await workspace.close();
  await writeFile(lock, "half writ");
  await (await Workspace.open(root)).close();
});

test("a folder that is not ours is refused", async () => {
  const elsewhere = join(root, "elsewhere");
  await symlink(root, elsewhere);
  await expect(Workspace.open(elsewhere)).rejects.toThrow(/not a folder.*--workspace/);
});
