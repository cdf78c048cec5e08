/** The command line as people run it: a process of its own, and all that it says. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export const CLI = join(import.meta.dirname, "..", "cli.ts");

export interface CliProcess {
  process: ChildProcess;
  /** All it wrote, stdout and stderr. */
  said: () => string;
  /** Resolves when it has ended; null where a signal ended it. */
  code: () => Promise<number | null>;
}

/** Its environment is what is given and the PATH, nothing else. */
export function startCli(
  args: readonly string[],
  environment: Record<string, string>,
  options: SpawnOptions = {},
): CliProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const closed = once(child, "close");
  return { process: child, said: () => text, code: async () => ((await closed) as [number | null])[0] };
}
