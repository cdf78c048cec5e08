/** Processes and files that should be gone: whatever runs with the run's folder in its words, or lies in a workspace. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { commandOf } from "../bench/kit/processes.ts";

/** Command lines of processes that belong to that folder; this process is none. */
export function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => [commandOf(Number(pid)), ...placesOf(pid)].some((text) => text.includes(folder)))
    .map((pid) => `${pid} ${commandOf(Number(pid)).slice(0, 150)}`);
}

function placesOf(pid: string): string[] {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return [
      readlinkSync(`/proc/${pid}/cwd`),
      ...environment.filter((entry) => entry.startsWith("CAPCLOUD_")),
    ];
  } catch {
    return [];
  }
}

/** What agents left in their workspaces. */
export function leftInWorkspaces(folder: string): string[] {
  const agents = join(folder, "agents");
  if (!existsSync(agents)) return [];
  return readdirSync(agents).flatMap((name) => {
    const scratch = join(agents, name, "workspace", "capcloud-scratch");
    return existsSync(scratch)
      ? [`${name} left ${readdirSync(scratch, { recursive: true }).length} files behind`]
      : [];
  });
}
