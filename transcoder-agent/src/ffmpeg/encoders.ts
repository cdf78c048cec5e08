/**
 * Which encoders really work here: each candidate encodes a second of pictures with the options and the box
 * pass of production, and what it made is decoded and counted. Being listed by ffmpeg proves nothing.
 * Called once at the agent's start; the answer is kept on disk until ffmpeg, a driver or a device changes.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { JobError } from "../errors.ts";
import type { Log } from "../log.ts";
import { cutVideo } from "./cuts.ts";
import { candidateEncoders, SOFTWARE, type Encoder } from "./h264.ts";
import { rewriteFragments } from "./fragments.ts";
import { runFfmpeg, runFfprobe } from "./run.ts";
import { countFrames, encodeRectangle } from "./video-arguments.ts";

export type { Encoder } from "./h264.ts";

const FRAMES = 30;
/** Above every encoder's least size. */
const SIZE = { width: 320, height: 256 };
const TIMESCALE = 30;
/** A trial without an encoder takes 0.07 s; a driver that hangs must not hold up the agent. */
const TRIAL_LIMITS = { stallMs: 20_000, wallMs: 30_000 };

export interface ProveOptions {
  /** A folder for what was learnt. */
  cacheDir: string;
  log: Log;
  signal?: AbortSignal;
}

/** Encoders that passed, best first; never empty. */
export async function proveEncoders(options: ProveOptions): Promise<Encoder[]> {
  const nodes = await renderNodes();
  const candidates = candidateEncoders(process.platform, nodes);
  const key = await fingerprint(nodes);
  const file = join(options.cacheDir, "encoders.json");
  const known = await readCache(file, key);
  if (known !== null) return candidates.filter(({ name }) => known.includes(name));
  const proven: Encoder[] = [];
  for (const encoder of candidates) {
    const failure = await tryEncoder(encoder, options.signal);
    if (failure === null) proven.push(encoder);
    else options.log.debug("encoder does not work here", { encoder: encoder.name, reason: failure.message });
    options.signal?.throwIfAborted();
  }
  if (!proven.includes(SOFTWARE))
    throw new JobError("tool_missing", "ffmpeg cannot encode H.264 here: install one with libx264.");
  await mkdir(options.cacheDir, { recursive: true });
  await writeFile(file, JSON.stringify({ key, names: proven.map(({ name }) => name) }));
  return proven;
}

/** Null when the encoder did all that a job asks of it. */
export async function tryEncoder(encoder: Encoder, signal?: AbortSignal): Promise<Error | null> {
  const folder = await mkdtemp(join(tmpdir(), "capcloud-trial-"));
  try {
    const [source, raw, made] = ["source.mp4", "raw.mp4", "made.mp4"].map((name) => join(folder, name));
    if (source === undefined || raw === undefined || made === undefined) return null;
    const run = { signal, limits: TRIAL_LIMITS };
    await runFfmpeg(testSource(source), run);
    const boundaries = [0, FRAMES / 2, FRAMES];
    await runFfmpeg(
      encodeRectangle({
        url: source,
        stream: 0,
        from: null,
        timescale: TIMESCALE,
        origin: 0,
        boundaries,
        traits: { remux: null, interlaced: false, anamorphic: false, transfer: "sdr", variable: false },
        rungs: [{ ...SIZE, ceiling: 1_000_000, path: raw }],
        encoder,
      }),
      run,
    );
    const report = await rewriteFragments(raw, made, (samples) => cutVideo(samples, boundaries, 0));
    const decoded = await runFfmpeg(countFrames(made), run);
    if (report.frames === FRAMES && decoded.frame === FRAMES) return null;
    return new Error(`${decoded.frame} of ${FRAMES} frames came out`);
  } catch (error) {
    return error instanceof Error ? error : new Error("failed");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Moving pictures to encode, as a file: lavfi is an input that jobs never open. */
function testSource(path: string) {
  const size = `${SIZE.width}x${SIZE.height}`;
  return {
    inputs: [{ options: ["-f", "lavfi"], url: `testsrc2=s=${size}:r=${TIMESCALE}:d=${FRAMES / TIMESCALE}` }],
    outputs: [
      {
        options: ["-c:v", "mpeg4", "-q:v", "5", "-video_track_timescale", String(TIMESCALE), "-f", "mp4"],
        path,
      },
    ],
  };
}

/** Whatever may turn a working encoder into one that does not, or the other way round. */
async function fingerprint(nodes: readonly string[]): Promise<string> {
  const { text: version } = await runFfprobe(["-version"]);
  const driver = await readFile("/proc/driver/nvidia/version", "utf8").catch(() => "");
  const facts = [version, driver, release(), process.platform, ...nodes];
  return createHash("sha256").update(facts.join("\n")).digest("hex");
}

async function renderNodes(): Promise<string[]> {
  const names = await readdir("/dev/dri").catch(() => []);
  return names.filter((name) => /^renderD\d+$/.test(name)).toSorted();
}

const Cache = z.object({ key: z.string(), names: z.array(z.string()) });

async function readCache(file: string, key: string): Promise<string[] | null> {
  try {
    const cache = Cache.parse(JSON.parse(await readFile(file, "utf8")));
    return cache.key === key && cache.names.includes(SOFTWARE.name) ? cache.names : null;
  } catch {
    return null;
  }
}
