/**
 * A process between the agent and ffmpeg where the kernel cannot tie the two: started by `run.ts` with the
 * tool and its arguments, it ends the tool when its own stdin closes, which happens when the agent dies.
 */
// oxlint-disable-next-line no-restricted-imports -- run.ts in another process
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { bareEnvironment } from "./guard.ts";

const [tool = "", ...rest] = process.argv.slice(2);
const child = spawn(tool, rest, {
  stdio: ["ignore", "inherit", "inherit"],
  env: bareEnvironment(process.env),
  windowsHide: true,
  // A terminal's Ctrl-C is the agent's affair; on Windows this would open a window.
  detached: process.platform !== "win32",
});
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
process.stdin.on("end", () => child.kill("SIGKILL"));
process.stdin.on("error", () => child.kill("SIGKILL"));
process.stdin.resume();
child.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  // A signal becomes what a shell would answer.
  process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
});
