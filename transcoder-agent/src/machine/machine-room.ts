/**
 * How many cores and how much memory this process may really use: the machine's, or less where a container or a service
 * has a share of it. Read by `capabilities.ts`. Node knows limits of the innermost group; a slice above may be tighter.
 */
import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";

export interface MachineRoom {
  cores: number;
  memoryBytes: number;
}

export interface GroupFiles {
  /** Names the group of this process. */
  self: string;
  /** Where version 2 of the control groups is mounted. */
  mounts: readonly string[];
}

const LINUX: GroupFiles = {
  self: "/proc/self/cgroup",
  mounts: ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"],
};

export async function machineRoom(files: GroupFiles = LINUX): Promise<MachineRoom> {
  const share = await groupShare(files);
  const constrained = process.constrainedMemory();
  return {
    cores: Math.max(1, Math.min(availableParallelism(), Math.floor(share.cores))),
    memoryBytes: Math.min(totalmem(), constrained > 0 ? constrained : Infinity, share.memoryBytes),
  };
}

/** The tightest limits from this process's group up to the root; infinite where there are none. */
export async function groupShare({ self, mounts }: GroupFiles): Promise<MachineRoom> {
  const path = groupPath(await readFile(self, "utf8").catch(() => ""));
  if (path === null) return { cores: Infinity, memoryBytes: Infinity };
  const folders = mounts.flatMap((mount) => ancestors(path).map((group) => join(mount, group)));
  const read = (name: string) =>
    Promise.all(folders.map((folder) => readFile(join(folder, name), "utf8").catch(() => "")));
  const [quotas, most, high] = await Promise.all([read("cpu.max"), read("memory.max"), read("memory.high")]);
  return {
    cores: Math.min(...quotas.map(coresIn)),
    memoryBytes: Math.min(...[...most, ...high].map(bytesIn)),
  };
}

/** "0::/system.slice/agent.service" of `/proc/self/cgroup`; null where version 2 is not in use. */
function groupPath(text: string): string | null {
  return /^0::(\/.*)$/m.exec(text)?.[1] ?? null;
}

/** "/a/b" → "/a/b", "/a", "/". */
function ancestors(path: string): string[] {
  const steps = path.split("/").filter((step) => step !== "" && step !== "..");
  return Array.from(
    { length: steps.length + 1 },
    (_, index) => `/${steps.slice(0, steps.length - index).join("/")}`,
  );
}

/** "150000 100000" is one and a half cores, "max 100000" all. */
function coresIn(text: string): number {
  const [quota, period] = text.trim().split(" ").map(Number);
  const cores = (quota ?? NaN) / (period ?? NaN);
  return cores > 0 ? cores : Infinity;
}

function bytesIn(text: string): number {
  const bytes = /^\d+$/.test(text.trim()) ? Number(text) : Infinity;
  return bytes > 0 ? bytes : Infinity;
}
