/**
 * How ffmpeg dies with the agent: on Linux the kernel kills it (`setpriv --pdeathsig`), elsewhere a small
 * node process between the two does (`guardian.ts`). Also gives it a bare environment: the agent's key
 * stays with the agent. Used by `run.ts`; starts nothing.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Guard {
  /** The program to start, and what stands before the tool's own arguments. */
  command: string;
  prefix: readonly string[];
  /** The guard ends the tool when its stdin closes, so a kill must not come first. */
  byStdin: boolean;
}

/** What drivers and temp files need; nothing that could hold a secret. */
const PASSED_ON = [
  "PATH",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "LD_LIBRARY_PATH",
  "LIBVA_DRIVER_NAME",
  "LIBVA_DRIVERS_PATH",
  "NVIDIA_VISIBLE_DEVICES",
  "CUDA_VISIBLE_DEVICES",
];
/** Below what a desktop does in the foreground. */
const NICENESS = "10";

export function bareEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // Messages in English, whatever the machine speaks: `failure.ts` reads them.
  return { ...Object.fromEntries(kept), LC_ALL: "C", AV_LOG_FORCE_NOCOLOR: "1" };
}

/** `find` answers where a program lies, or null. */
export function chooseGuard(
  tool: string,
  environment: NodeJS.ProcessEnv,
  find: (name: string) => string | null = findProgram,
): Guard {
  const setpriv = find("setpriv");
  const env = find("env");
  const nice = find("nice");
  if (setpriv !== null && env !== null) {
    const variables = Object.entries(bareEnvironment(environment)).map(([name, value]) => `${name}=${value}`);
    const lower = nice === null ? [] : [nice, "-n", NICENESS];
    return {
      command: setpriv,
      prefix: ["--pdeathsig", "KILL", "--", env, "-i", ...variables, ...lower, tool],
      byStdin: false,
    };
  }
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const guardian = fileURLToPath(new URL(`guardian.${extension}`, import.meta.url));
  return { command: process.execPath, prefix: [guardian, tool], byStdin: true };
}

/** Where a program lies on the PATH. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const suffix of process.platform === "win32" ? [".exe", ".cmd"] : [""]) {
      const path = join(folder, name + suffix);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}
