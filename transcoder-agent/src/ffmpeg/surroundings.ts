/**
 * What `confinement.ts` must know of this machine: where its programs lie, how much of everything there is, what its
 * kernel counts. Reads only.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { availableParallelism, release, totalmem } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { findProgram } from "./guard.ts";
import { parseHardLimits, type Room } from "./limits.ts";
import { DEVICE_FOLDERS, isWithin, SYSTEM_FILES, SYSTEM_FOLDERS, type System } from "./view.ts";

/** From here on processes in a user namespace are counted by themselves (Linux 5.14). */
const COUNTED_SINCE = [5, 14] as const;

/** The system's folders, and those of tools that lie elsewhere. */
export function systemHere(tools: readonly string[], ownProc: boolean): System {
  const here = (paths: readonly string[]) => paths.filter((path) => existsSync(path));
  const libraries = (process.env["LD_LIBRARY_PATH"] ?? "").split(":").filter((path) => isAbsolute(path));
  const programs = tools.flatMap((tool) => {
    const path = findProgram(tool);
    return path === null ? [] : [dirname(path), dirname(realpathSync(path))];
  });
  const folders = here(SYSTEM_FOLDERS);
  const more = here([...programs, ...libraries]).filter(
    (path) => !folders.some((folder) => isWithin(path, folder)),
  );
  return {
    folders: [...folders, ...new Set(more)],
    files: here(SYSTEM_FILES),
    deviceFolders: here(DEVICE_FOLDERS),
    ownProc,
  };
}

/** Whether the limit on processes is one on tools alone. */
export function countsApart(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > COUNTED_SINCE[0] || (major === COUNTED_SINCE[0] && minor >= COUNTED_SINCE[1]);
}

let measured: Room | null = null;

/** How much of this machine there is to share. */
export function roomHere(): Room {
  const limit = process.constrainedMemory();
  measured ??= {
    cores: availableParallelism(),
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    hard: parseHardLimits(readFileSync("/proc/self/limits", "utf8")),
  };
  return measured;
}
