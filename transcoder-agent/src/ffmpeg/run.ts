/**
 * The only file that starts ffmpeg and ffprobe. fluent-ffmpeg is used as spawner alone: option arrays, no
 * helper methods, no `progress` listener (with `-progress` one throws inside an event and ends the
 * process), no capability probes. Called by processors and encoder trials with what the builders give.
 *
 * A run has succeeded when it exited with 0 AND said `progress=end`; anything else is a JobError.
 */
import { ChildProcess, spawn } from "node:child_process";
import ffmpeg from "fluent-ffmpeg";
import { JobError } from "../errors.ts";
import { standBack } from "./background.ts";
import { guardFor, isFull } from "./confinement.ts";
import { classifyFailure, lastLine } from "./failure.ts";
import type { Guard } from "./guard.ts";
import { GLOBAL_OPTIONS, movesPackets, toArguments, type Invocation } from "./invocation.ts";
import { isAwaited } from "./loopback-inputs.ts";
import { createProgressReader, type Progress } from "./progress.ts";
import { NOT_CONFINED } from "./namespaces.ts";
import { viewOfProbe, viewOfRun, type View } from "./view.ts";
import { watchProcess, type Limits, type Watch } from "./watch.ts";

export { confinement, useTools, type Confinement } from "./confinement.ts";

const DEFAULT_LIMITS: Limits = { stallMs: 120_000, wallMs: 6 * 3_600_000 };
/** What `env`, `chroot` and the like answer for a program that is not there or may not be started. */
const NOT_FOUND = new Set([126, 127]);
/** How often the disk is looked at while a tool writes. */
const ROOM_MS = 2_000;
/** More than any probe of 64 streams. */
const PROBE_BYTES = 16 * 1024 * 1024;

export interface RunOptions {
  signal?: AbortSignal | undefined;
  onProgress?: (progress: Progress) => void;
  limits?: Partial<Limits>;
  /** Somebody waits for it, and it is short: it does not stand back. */
  foreground?: boolean;
  /** The most bytes that one file of the output may have, where that is more than usual. */
  fileBytes?: number | undefined;
}

/** What ffmpeg said at its end. `warnings` is the end of its stderr. */
export interface Outcome extends Progress {
  warnings: string;
}

export async function runFfmpeg(invocation: Invocation, options: RunOptions = {}): Promise<Outcome> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const view = viewOfRun(invocation);
  const guard = await guardFor("ffmpeg", view, { wallMs: limits.wallMs, fileBytes: options.fileBytes });
  options.signal?.throwIfAborted();
  const child = await startFfmpeg(invocation, guard);
  // A film's first segment waits for packets that are moved, beside encoders that have long to go.
  if (options.foreground !== true && !movesPackets(invocation)) void standBack(child.pid);
  const watch = watchTool(child, limits, guard, {
    ...options,
    inputs: invocation.inputs.map(({ url }) => url),
  });
  watchRoom(view, watch);
  let before = "";
  const reader = createProgressReader((progress) => {
    const now = `${progress.frame} ${progress.seconds}`;
    if (now !== before) watch.alive();
    before = now;
    options.onProgress?.(progress);
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => reader.feed(text));
  const { code, signal, stderr } = await watch.closed;
  demandStarted("ffmpeg", code, stderr);
  if (code !== 0) throw classifyFailure({ tool: "ffmpeg", code, signal, stderr });
  if (!reader.ended) throw new JobError("crashed", "ffmpeg ended without saying that it was done.");
  return { ...reader.last, warnings: stderr };
}

/** `inputs`: what it reads, among other words; none of those is the address of an input. */
function watchTool(
  child: Parameters<typeof watchProcess>[0],
  limits: Limits,
  { byStdin }: Guard,
  { signal, inputs }: { signal?: AbortSignal | undefined; inputs: readonly string[] },
): Watch {
  return watchProcess(child, limits, { signal, byStdin, isWaiting: () => inputs.some(isAwaited) });
}

/**
 * For output that is read as it comes (`pipe:1`) and never lies on the disk: progress then comes by stderr.
 * What `onData` throws ends the run.
 */
export async function streamFfmpeg(
  invocation: Invocation,
  onData: (bytes: Buffer) => void,
  options: Omit<RunOptions, "onProgress"> = {},
): Promise<void> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const guard = await guardFor("ffmpeg", viewOfRun(invocation), limits);
  options.signal?.throwIfAborted();
  const words = toArguments(invocation).map((word, at, all) =>
    all[at - 1] === "-progress" ? "pipe:2" : word,
  );
  const child = spawn(guard.command, [...guard.prefix, ...words], { windowsHide: true });
  void standBack(child.pid);
  const watch = watchTool(child, limits, guard, {
    ...options,
    inputs: invocation.inputs.map(({ url }) => url),
  });
  child.stdout.on("data", (bytes: Buffer) => {
    watch.alive();
    try {
      onData(bytes);
    } catch (error) {
      watch.end(error instanceof Error ? error : new JobError("crashed", "The output could not be taken."));
    }
  });
  const { code, signal, stderr } = await watch.closed;
  demandStarted("ffmpeg", code, stderr);
  if (code !== 0) throw classifyFailure({ tool: "ffmpeg", code, signal, stderr: withoutProgress(stderr) });
  if (!/^progress=end$/m.test(stderr))
    throw new JobError("crashed", "ffmpeg ended without saying that it was done.");
}

function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^[a-z_0-9]+=.*\n?/gm, "");
}

/** Starts it and answers the process as soon as there is one. */
function startFfmpeg(invocation: Invocation, guard: Guard): Promise<ChildProcess> {
  const command = ffmpeg({ stdoutLines: 1 }).setFfmpegPath(guard.command);
  // Both ask ffmpeg what it lists before each first run; what works here was proven by trial.
  Object.assign(command, {
    _checkCapabilities: (next: (error: null) => void) => next(null),
    availableEncoders: (next: (error: null, encoders: object) => void) => next(null, {}),
  });
  // fluent-ffmpeg puts the first input's options first of all: the guard's own arguments go there.
  invocation.inputs.forEach(({ url, options }, index) => {
    const ahead = index === 0 ? [...guard.prefix, ...GLOBAL_OPTIONS] : [];
    const words = [...ahead, ...options];
    // Of an array it would split what holds one blank.
    if (words.length > 1) command.input(url).inputOptions(...words);
    else command.input(url).inputOptions(words);
  });
  for (const { path, options } of invocation.outputs) command.output(path).outputOptions([...options]);
  return new Promise((resolve, reject) => {
    command.on("start", () => {
      const child: unknown = Reflect.get(command, "ffmpegProc");
      if (child instanceof ChildProcess) resolve(child);
      else reject(new JobError("crashed", "ffmpeg was started without a process."));
    });
    // After the start the process itself is listened to; before it, there is none.
    command.on("error", (error) =>
      reject(new JobError("tool_missing", "ffmpeg cannot be started.", { cause: error })),
    );
    command.run();
  });
}

export interface ProbeOptions {
  signal?: AbortSignal | undefined;
  limits?: Partial<Limits>;
  /** Takes the output line by line instead of the answer holding it; what it throws ends the run. */
  onLine?: (line: string) => void;
}

/** Answers what ffprobe wrote to stdout ("" when lines were taken one by one) and the end of its stderr. */
export async function runFfprobe(
  probeArguments: readonly string[],
  options: ProbeOptions = {},
): Promise<{ text: string; warnings: string }> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const guard = await guardFor("ffprobe", viewOfProbe(probeArguments), limits);
  options.signal?.throwIfAborted();
  const child = spawn(guard.command, [...guard.prefix, ...probeArguments], { windowsHide: true });
  const watch = watchTool(child, limits, guard, { ...options, inputs: probeArguments });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    watch.alive();
    text += piece;
    if (options.onLine !== undefined) {
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      try {
        for (const line of lines) options.onLine(line);
      } catch (error) {
        watch.end(error instanceof Error ? error : new JobError("crashed", "A line could not be taken."));
      }
    } else if (text.length > PROBE_BYTES) {
      watch.end(new JobError("too_large", "The file describes more than we read."));
    }
  });
  const { code, signal, stderr } = await watch.closed;
  demandStarted("ffprobe", code, stderr);
  if (code !== 0) throw classifyFailure({ tool: "ffprobe", code, signal, stderr });
  return { text, warnings: stderr };
}

/** What stands before a tool ends with codes of its own where it cannot start the tool. */
function demandStarted(tool: string, code: number | null, stderr: string): void {
  if (code !== null && NOT_FOUND.has(code))
    throw new JobError("tool_missing", `${tool} is not installed: install ffmpeg 5.1 or newer.`);
  if (code === NOT_CONFINED)
    throw new JobError("tool_missing", `${tool} could not be confined: ${lastLine(stderr)}`);
}

/** The limit on a file's size says nothing of many files, nor of what others write meanwhile. */
function watchRoom({ writes: [folder] }: View, watch: Watch): void {
  if (folder === undefined) return;
  const look = async () => {
    if (await isFull(folder)) watch.end(new JobError("disk_full", "The agent's disk is nearly full."));
  };
  const clock = setInterval(() => void look().catch(() => {}), ROOM_MS);
  const stop = () => clearInterval(clock);
  watch.closed.then(stop, stop);
}
