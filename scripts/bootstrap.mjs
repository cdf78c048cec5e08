/**
 * The first thing every npm script runs, on whatever Node there is (plain JavaScript for that reason): installs
 * the packages of the lock file when they are missing or stale, finds a Node that is new enough, and hands over
 * to `scripts/<command>.ts` with it.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".capcloud-installed");
/** Type stripping without a flag, and what undici and wrangler ask for. */
const NODE_FLOOR = [22, 19];

installPackages();
const node = newEnoughNode();
const [command = "", ...args] = process.argv.slice(2);
const script = join(root, "scripts", `${command}.ts`);
if (!existsSync(script)) stop(`There is no command "${command}".`);
handOver(node, [script, ...args]);

function installPackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write("Installing npm packages from the lock file …\n");
  // Not `npm ci`: it refuses a lock file that leaves out optional binaries of other platforms, which not every
  // registry carries. This keeps to the lock file as well, and never writes it.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error"];
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (result.status !== 0)
    stop("npm install failed; its own words are above. Mend that and run the command again.");
  writeFileSync(stamp, wanted);
}

function newEnoughNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const bundled = join(
    root,
    "node_modules",
    "node",
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  const probe = spawnSync(bundled, ["--version"], { encoding: "utf8" });
  if (probe.status === 0 && isNewEnough(probe.stdout.trim().slice(1))) return bundled;
  return stop(
    `This needs Node ${NODE_FLOOR.join(".")} or newer; here is ${process.versions.node}, and the npm package "node" ` +
      "that would bring one did not install its binary. Run `npm rebuild node`, or install a newer Node.",
  );
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
}

function handOver(node, args) {
  const path = [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  const child = spawn(node, args, { stdio: "inherit", env: { ...process.env, PATH: path } });
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
