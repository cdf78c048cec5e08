/**
 * Starts this process anew with little memory to spare, since it runs for weeks on somebody's machine: what says how
 * memory is kept is read only at a start. Called by `cli.ts` before it begins to work; the process keeps its id.
 */
import { setFlagsFromString } from "node:v8";

/**
 * For glibc, which otherwise keeps a heap for each thread and whatever large buffers have passed through it.
 * https://man7.org/linux/man-pages/man3/mallopt.3.html
 */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "131072",
} as const;
/** A young generation of 2 MiB, and a way to have it collected. */
const YOUNG = ["--max-semi-space-size=2", "--expose-gc"];
/** Bytes that pass in small buffers until those are collected. Left to itself the engine lets 30 MB of them lie. */
const TIDY_BYTES = 4 * 1_024 * 1_024;

let passed = 0;

/**
 * Measured at films of 10 MB and 1 GB: 125 and 133 MB at most, else 163 and 177, and no slower. Returns where the
 * process was started like that already, or where it cannot be.
 */
export function startLean(): void {
  if (process.env["MALLOC_ARENA_MAX"] !== undefined) return;
  const [, script] = process.argv;
  // There is no such call on Windows.
  if (script === undefined || process.platform === "win32") {
    setFlagsFromString("--semi-space-growth-factor=1");
    return;
  }
  const { execPath, execArgv } = process;
  const args = [execPath, ...execArgv, ...YOUNG, script, ...process.argv.slice(2)];
  process.execve?.(execPath, args, { ...process.env, ...ALLOCATOR });
}

/** To be told of all that comes or goes through buffers which nobody holds afterwards. */
export function tidyAfter(bytes: number): void {
  passed += bytes;
  if (passed < TIDY_BYTES) return;
  passed = 0;
  globalThis.gc?.({ type: "minor" });
}
