/**
 * Watches one child process: its last words, its limits, its end. Used by `run.ts` for ffmpeg and ffprobe
 * alike; starts nothing and reads no meaning into what it hears.
 */
import type { ChildProcess } from "node:child_process";
import { Abandoned, JobError } from "../errors.ts";

/** Enough for the cause of a failure, however long the tool complains. */
const STDERR_BYTES = 64 * 1024;
/** For a guard that was told to end its tool, before it is ended itself. */
const GUARD_GRACE_MS = 2_000;

export interface Limits {
  /** No sign of life for this long ends the run. */
  stallMs: number;
  /** The run ends after this in any case. */
  wallMs: number;
}

export interface Watch {
  /** Something moved: the stall clock starts anew. */
  alive(): void;
  /** The run is to end with this failure. */
  end(reason: Error): void;
  /** Resolves when the process has ended and its pipes are drained; rejects with the reason of a kill. */
  closed: Promise<{ code: number | null; signal: string | null; stderr: string }>;
}

export function watchProcess(
  child: ChildProcess,
  limits: Limits,
  options: { signal: AbortSignal | undefined; byStdin: boolean },
): Watch {
  let stderr = "";
  let reason: Error | null = null;
  const end = (why: Error) => {
    reason ??= why;
    killChild(child, options.byStdin);
  };
  const stalled = () => end(new JobError("stalled", `Nothing moved for ${limits.stallMs / 1000} s.`));
  let stall = setTimeout(stalled, limits.stallMs);
  const wall = setTimeout(
    () => end(new JobError("timeout", `Not done after ${limits.wallMs / 1000} s.`)),
    limits.wallMs,
  );
  const abandon = () => {
    const why: unknown = options.signal?.reason;
    end(why instanceof Error ? why : new Abandoned("abandoned"));
  };
  if (options.signal?.aborted) abandon();
  options.signal?.addEventListener("abort", abandon, { once: true });
  child.stdin?.on("error", () => {});
  child.stderr?.on("data", (text: Buffer | string) => {
    stderr = (stderr + text.toString()).slice(-STDERR_BYTES);
  });
  const closed = new Promise<{ code: number | null; signal: string | null; stderr: string }>(
    (resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(stall);
        clearTimeout(wall);
        options.signal?.removeEventListener("abort", abandon);
        settle();
      };
      child.on("error", (error) =>
        finish(() => reject(new JobError("tool_missing", "The tool cannot be started.", { cause: error }))),
      );
      child.on("close", (code, signal) =>
        finish(() => (reason === null ? resolve({ code, signal, stderr }) : reject(reason))),
      );
    },
  );
  return {
    alive: () => {
      clearTimeout(stall);
      stall = setTimeout(stalled, limits.stallMs);
    },
    end,
    closed,
  };
}

/** A tool behind a guard is reached through the guard's stdin: killing the guard first would orphan it. */
function killChild(child: ChildProcess, byStdin: boolean): void {
  if (!byStdin) {
    child.kill("SIGKILL");
    return;
  }
  child.stdin?.end();
  const force = setTimeout(() => child.kill("SIGKILL"), GUARD_GRACE_MS);
  child.once("close", () => clearTimeout(force));
}
