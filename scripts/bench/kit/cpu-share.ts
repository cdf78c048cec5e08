/**
 * Gives processes equal shares of a core by cgroups, where this machine lets us: cpu.max (v2) or the quota of
 * v1. Whatever a process starts afterwards is held to the same share.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CpuShares {
  /** `share` of one core. */
  limit(pid: number, name: string, share: number): void;
  /** To be called when the processes have ended. */
  close(): void;
}

const PERIOD_US = 100_000;

/** Null where groups cannot be made. */
export function openCpuShares(): CpuShares | null {
  const root = findRoot();
  if (root === null) return null;
  const made: string[] = [];
  return {
    limit: (pid, name, share) => {
      const group = makeGroup(root, name);
      made.push(group);
      setShare(group, share);
      writeFileSync(join(group, "cgroup.procs"), String(pid));
    },
    close: () => {
      for (const group of made.splice(0)) rmdirSync(group);
    },
  };
}

function findRoot(): string | null {
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  const candidates = [join("/sys/fs/cgroup", own), "/sys/fs/cgroup/cpu"];
  return candidates.find((path) => existsSync(path) && canLimit(path)) ?? null;
}

/** A group is made and removed again: permissions alone do not tell. */
function canLimit(root: string): boolean {
  try {
    const group = makeGroup(root, "trial");
    try {
      setShare(group, 0.5);
      return true;
    } finally {
      rmdirSync(group);
    }
  } catch {
    return false;
  }
}

function makeGroup(root: string, name: string): string {
  const group = join(root, `capcloud-bench-${process.pid}-${name}`);
  mkdirSync(group);
  return group;
}

function setShare(group: string, share: number): void {
  const quota = Math.round(share * PERIOD_US);
  if (existsSync(join(group, "cpu.max")))
    return writeFileSync(join(group, "cpu.max"), `${quota} ${PERIOD_US}`);
  // Writing to a name that is not there would be refused, which is what a caller wants to hear.
  writeFileSync(join(group, "cpu.cfs_period_us"), String(PERIOD_US), { flag: "r+" });
  writeFileSync(join(group, "cpu.cfs_quota_us"), String(quota), { flag: "r+" });
}
