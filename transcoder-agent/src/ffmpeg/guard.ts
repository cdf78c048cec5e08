/**
 * How ffmpeg dies with the agent, and only with it: on Linux the kernel kills it (`setpriv --pdeathsig`),
 * elsewhere a small node process between the two does (`guardian.ts`). Also gives it a bare environment: the agent's key
 * stays with the agent. Put together by `confinement.ts`; starts nothing.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NICENESS } from "./background.ts";

export interface Guard {
  /** The program to start, and what stands before the tool and its own arguments. */
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
export function bareEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // Messages in English, whatever the machine speaks: `failure.ts` reads them.
  return { ...Object.fromEntries(kept), LC_ALL: "C", AV_LOG_FORCE_NOCOLOR: "1" };
}

/** What a tool is started behind, in the order in which they stand. */
export interface Chain {
  /** Options of `setpriv` besides the one that ties the tool to the agent's life. */
  powers: readonly string[];
  /** Options of `prlimit`; none: it is left out. */
  limits: readonly string[];
  /** Whatever else stands before the tool. */
  inner: readonly string[];
}

/** Where the kernel ties the two: each program becomes the next, so that in the end there is only the tool. */
export function chainGuard(environment: NodeJS.ProcessEnv, { powers, limits, inner }: Chain): Guard {
  const variables = Object.entries(bareEnvironment(environment)).map(([name, value]) => `${name}=${value}`);
  return {
    command: "setpriv",
    prefix: [
      ...["--pdeathsig", "KILL", ...powers, "--", "env", "-i", ...variables],
      // A session of its own: a terminal's Ctrl-C asks the agent to finish, which it cannot without its tools.
      ...["setsid", "nice", "-n", NICENESS],
      ...(limits.length === 0 ? [] : ["prlimit", ...limits, "--"]),
      ...inner,
    ],
    byStdin: false,
  };
}

/** Where it does not: a process between the two. */
export function guardianGuard(): Guard {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const guardian = fileURLToPath(new URL(`guardian.${extension}`, import.meta.url));
  return { command: process.execPath, prefix: [guardian], byStdin: true };
}

/** Where a program lies: on the PATH, or where its name says. */
export function findProgram(name: string): string | null {
  if (isAbsolute(name)) return existsSync(name) ? name : null;
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
