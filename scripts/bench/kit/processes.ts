/** CPU time, memory and children of processes, as Linux tells them in /proc. Elsewhere nothing is known: zeros. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc/<pid>/stat; the same on every Linux that runs Node. */
const TICKS = 100;

export interface CpuSeconds {
  /** The process itself. */
  own: number;
  /** Its children that have ended, and theirs. */
  ended: number;
}

export function cpuOf(pid: number): CpuSeconds {
  // The name in parentheses may hold anything.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  const ticks = (at: number) => Number(fields[at] ?? 0) / TICKS;
  return { own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) };
}

/** Seconds in which its busiest thread wanted a core and others had them: what a speed lost to them. */
export function waitedForCore(pid: number): number {
  const waits = threads(pid).map((thread) =>
    Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[1] ?? 0),
  );
  return Math.max(0, ...waits) / 1e9;
}

/** Most bytes it ever had in memory, without its children. */
export function peakMemory(pid: number): number {
  return memoryLine(pid, "VmHWM");
}

/** Bytes it has in memory now, without its children. */
export function memoryNow(pid: number): number {
  return memoryLine(pid, "VmRSS");
}

function memoryLine(pid: number, name: string): number {
  return (
    1_024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
  );
}

export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

/** All below it that were begun by first threads, as all of ours are, each before its own children. */
export function descendants(pid: number): number[] {
  const children = numbers(read(`/proc/${pid}/task/${pid}/children`));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Processes below us whose command holds that word. */
export function ourProcesses(word: string): number[] {
  return descendants(process.pid).filter((pid) => commandOf(pid).includes(word));
}

/** CPU seconds of these processes so far, without their children. */
export function cpuOfAll(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuOf(pid).own, 0);
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function numbers(text: string): number[] {
  return text.split(" ").filter(Boolean).map(Number);
}

/** Empty where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
