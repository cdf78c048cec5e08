/**
 * Watches one child process: its last words, its limits, its end. Used by `run.ts` for ffmpeg and ffprobe
 * alike; starts nothing and reads no meaning into what it hears.
 */
import type { Readable, Writable } from "node:stream";
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
  closed: Promise<Ending>;
}

interface Ending {
  code: number | null;
  signal: string | null;
  stderr: string;
}

/** What this file must know of a process: a ChildProcess is one. */
interface Child {
  stdin: Writable | null;
  stderr: Readable | null;
  kill(signal: "SIGKILL"): boolean;
  once(event: "close", listener: (code: number | null, signal: string | null) => void): unknown;
  once(event: "error", listener: (error: Error) => void): unknown;
}

export interface WatchOptions {
  signal: AbortSignal | undefined;
  byStdin: boolean;
  /** It stands still because its input does, and whoever fetches that has a limit of its own. */
  isWaiting?: () => boolean;
}

export function watchProcess(child: Child, limits: Limits, options: WatchOptions): Watch {
  let reason: Error | null = null;
  const end = (why: Error) => {
    reason ??= why;
    killChild(child, options.byStdin);
  };
  const clocks = startClocks(limits, end, options.isWaiting ?? (() => false));
  const ignore = onAbort(options.signal, end);
  const words = lastWords(child);
  const closed = new Promise<Ending>((resolve, reject) => {
    const settle = (answer: () => void) => {
      clocks.stop();
      ignore();
      answer();
    };
    child.once("error", (cause) =>
      settle(() => reject(new JobError("tool_missing", "The tool cannot be started.", { cause }))),
    );
    child.once("close", (code, signal) =>
      settle(() => (reason === null ? resolve({ code, signal, stderr: words() }) : reject(reason))),
    );
  });
  return { alive: clocks.alive, end, closed };
}

function startClocks(limits: Limits, end: (why: Error) => void, isWaiting: () => boolean) {
  const seconds = (milliseconds: number) => `${milliseconds / 1_000} s`;
  const stalled = () => {
    if (isWaiting()) stall = setTimeout(stalled, limits.stallMs);
    else end(new JobError("stalled", `Nothing moved for ${seconds(limits.stallMs)}.`));
  };
  const late = () => end(new JobError("timeout", `Not done after ${seconds(limits.wallMs)}.`));
  let stall = setTimeout(stalled, limits.stallMs);
  const wall = setTimeout(late, limits.wallMs);
  return {
    alive: () => {
      clearTimeout(stall);
      stall = setTimeout(stalled, limits.stallMs);
    },
    stop: () => {
      clearTimeout(stall);
      clearTimeout(wall);
    },
  };
}

/** Answers how to stop listening. */
function onAbort(signal: AbortSignal | undefined, end: (why: Error) => void): () => void {
  const abandon = () => {
    const why: unknown = signal?.reason;
    end(why instanceof Error ? why : new Abandoned("abandoned"));
  };
  if (signal?.aborted) abandon();
  signal?.addEventListener("abort", abandon, { once: true });
  return () => signal?.removeEventListener("abort", abandon);
}

/** Keeps the end of stderr. */
function lastWords(child: Child): () => string {
  let text = "";
  child.stdin?.on("error", () => {});
  child.stderr?.on("data", (piece: Buffer | string) => {
    text = (text + piece.toString()).slice(-STDERR_BYTES);
  });
  return () => text;
}

/** A tool behind a guard is reached through the guard's stdin: killing the guard first would orphan it. */
function killChild(child: Child, byStdin: boolean): void {
  if (!byStdin) {
    child.kill("SIGKILL");
    return;
  }
  child.stdin?.end();
  const force = setTimeout(() => child.kill("SIGKILL"), GUARD_GRACE_MS);
  child.once("close", () => clearTimeout(force));
}
