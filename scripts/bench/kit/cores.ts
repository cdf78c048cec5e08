/**
 * Cores for the machine that encodes, and others for all that stands elsewhere in earnest: edge, storage, the line to
 * them, whoever measures. Otherwise moving a film's bytes would be paid for with time of its encoder. By `taskset`
 * of util-linux; what a process starts later stays on its cores.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** Lists as `taskset` takes them, such as "0-3". */
export interface Cores {
  encoder: string;
  others: string;
}

/** Half of them each; null where there is only one, or no `taskset`. */
export function shareOutCores(): Cores | null {
  const half = Math.floor(cpus().length / 2);
  if (half === 0 || !canMove()) return null;
  return { encoder: `0-${half - 1}`, others: `${half}-${2 * half - 1}` };
}

/** This process, with all its threads, and what it starts from now on; answers how to undo it. */
export function stayOn(cores: string): () => void {
  move(cores);
  return () => move(`0-${cpus().length - 1}`);
}

/** Stands before a command that is to run there; none: anywhere. */
export function onCores(cores: string | undefined): string[] {
  return cores === undefined ? [] : ["taskset", "--cpu-list", cores];
}

function move(cores: string): void {
  execFileSync("taskset", ["--all-tasks", "--pid", "--cpu-list", cores, String(process.pid)], {
    stdio: "ignore",
  });
}

function canMove(): boolean {
  try {
    execFileSync("taskset", ["--cpu-list", "0", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
