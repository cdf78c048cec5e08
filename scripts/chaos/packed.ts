/** The agent as people get it: packed, and installed from the tarball with its dependencies into a folder. */
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../build-worker.ts";

const run = promisify(execFile);
const QUIET = ["--no-audit", "--no-fund", "--loglevel", "error"];

/** Answers the command's path. */
export async function installPackedAgent(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await run("npm", ["pack", "--pack-destination", folder], { cwd: join(root, "transcoder-agent") });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball.");
  await run("npm", ["install", "--no-save", "--prefix", folder, ...QUIET, join(folder, tarball)]);
  return join(folder, "node_modules", "capcloud-agent", "dist", "cli.js");
}
