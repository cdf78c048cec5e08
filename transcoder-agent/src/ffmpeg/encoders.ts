/**
 * Which encoders really work here: each candidate encodes a second of pictures with the options and the box
 * pass of production, and what it made is decoded and counted. Being listed by ffmpeg proves nothing.
 * Called once at the agent's start; the answer is kept on disk until ffmpeg, a driver or a device changes, and what
 * did not work is tried again after a day.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { JobError } from "../errors.ts";
import type { Log } from "../log.ts";
import { confinement, letDevicesOut } from "./confinement.ts";
import { cutVideo } from "./cuts.ts";
import { findDevices, type Devices } from "./devices.ts";
import { candidateEncoders, HALF_SOFTWARE, SOFTWARE, type Encoder } from "./h264.ts";
import { rewriteFragments } from "./fragments.ts";
import { runFfmpeg, runFfprobe } from "./run.ts";
import { countFrames, encodeRectangle, type RectangleEncode } from "./video-arguments.ts";

export type { Encoder } from "./h264.ts";

const FRAMES = 30;
/** Above every encoder's least size. */
const SIZE = { width: 320, height: 256 };
const TIMESCALE = 30;
/** What most films are, for a race between two pipelines: long enough to outweigh opening a device. */
const FULL_SIZE = { width: 1920, height: 1080 };
const HALF_SIZE = { width: 1280, height: 720 };
const RACE_FRAMES = 240;
/** Two jobs of three rungs and two more; drivers allow from 3 to 8, or any number. */
const MOST_SESSIONS = 8;
/** A trial without an encoder takes 0.07 s; a driver that hangs must not hold up the agent. */
const TRIAL_LIMITS = { stallMs: 20_000, wallMs: 30_000 };

export interface ProveOptions {
  /** A folder for what was learnt. */
  cacheDir: string;
  log: Log;
  signal?: AbortSignal;
  /** What there could be; without it, what is seen. */
  devices?: Devices;
}

export interface Trials {
  /** Encoders that passed, best first; never empty. */
  encoders: Encoder[];
  /** Of all that were tried: null, or why it is not used here. */
  verdicts: { name: string; reason: string | null }[];
}

/** Encoders that passed, best first; never empty. */
export async function proveEncoders(options: ProveOptions): Promise<Encoder[]> {
  return (await tryAll(options)).encoders;
}

export async function tryAll(options: ProveOptions): Promise<Trials> {
  const devices = options.devices ?? (await findDevices());
  const candidates = candidateEncoders(process.platform, devices);
  const key = await fingerprint(devices);
  const file = join(options.cacheDir, "encoders.json");
  const cache = (await readCache(file, key)) ?? {
    key,
    at: Date.now(),
    ...(await runTrials(candidates, options)),
  };
  letDevicesOut(cache.devicesOut);
  const passed = (name: string) => cache.verdicts.some((one) => one.name === name && one.reason === null);
  if (!passed(SOFTWARE.name))
    throw new JobError("tool_missing", "ffmpeg cannot encode H.264 here: install one with libx264.");
  await mkdir(options.cacheDir, { recursive: true });
  await writeFile(file, JSON.stringify(cache));
  const { sessions, verdicts } = cache;
  const encoders = candidates
    .filter(({ name }) => passed(name))
    .map((encoder) => (isNvenc(encoder) && sessions !== null ? { ...encoder, sessions } : encoder));
  return { encoders, verdicts };
}

function isNvenc({ name }: Encoder): boolean {
  return name.startsWith("h264_nvenc");
}

async function runTrials(
  candidates: readonly Encoder[],
  { log, signal }: ProveOptions,
): Promise<Omit<Cache, "key" | "at">> {
  const verdicts: Trials["verdicts"] = [];
  for (const encoder of candidates) {
    const failure = await tryCandidate(encoder, candidates, verdicts, signal);
    signal?.throwIfAborted();
    verdicts.push({ name: encoder.name, reason: failure?.message ?? null });
    if (failure !== null)
      log.debug("encoder does not work here", { encoder: encoder.name, reason: failure.message });
  }
  const nvenc = candidates.find((encoder) => encoder.name === "h264_nvenc");
  const works = verdicts.some(({ name, reason }) => name === nvenc?.name && reason === null);
  const sessions = nvenc !== undefined && works ? await countSessions(nvenc, signal) : null;
  return { verdicts, sessions, devicesOut: (await confinement()).devicesOut };
}

/** A GPU that can only decode is an advantage where nothing better works and it is quicker than without. */
async function tryCandidate(
  encoder: Encoder,
  candidates: readonly Encoder[],
  verdicts: Trials["verdicts"],
  signal?: AbortSignal,
): Promise<Error | null> {
  if (encoder !== HALF_SOFTWARE) return tryEncoder(encoder, signal);
  const better = candidates.some(
    ({ name, hardware }) => hardware && verdicts.some((one) => one.name === name && one.reason === null),
  );
  if (better) return new Error("not needed: this machine encodes in hardware");
  return (await tryEncoder(encoder, signal)) ?? compareSpeed(encoder, SOFTWARE, signal);
}

/** Null when the encoder did all that a job asks of it. */
export async function tryEncoder(encoder: Encoder, signal?: AbortSignal): Promise<Error | null> {
  const failure = await encodeOnce(encoder, signal);
  const { word, devicesOut } = await confinement();
  if (failure === null || !isOnDevice(encoder) || word !== "namespaces" || devicesOut) return failure;
  // Some drivers make their device files at their first use, which needs powers that nobody has inside.
  letDevicesOut(true);
  const outside = await encodeOnce(encoder, signal);
  letDevicesOut(false);
  if (outside !== null || (await encodeOnce(encoder, signal)) === null) return outside;
  letDevicesOut(true);
  return null;
}

function isOnDevice({ hardware, decoding }: Encoder): boolean {
  return hardware || decoding !== undefined;
}

async function encodeOnce(encoder: Encoder, signal?: AbortSignal): Promise<Error | null> {
  return inTrial(async (folder) => {
    const [source, raw, made] = [
      join(folder, "source.mp4"),
      join(folder, "raw.mp4"),
      join(folder, "made.mp4"),
    ];
    const run = { signal, limits: TRIAL_LIMITS };
    await runFfmpeg(testSource({ path: source, ...SIZE, frames: FRAMES, encoder }), run);
    const boundaries = [0, FRAMES / 2, FRAMES];
    const rungs = [{ ...SIZE, ceiling: 1_000_000, path: raw }];
    await runFfmpeg(trialRectangle({ url: source, boundaries, rungs, encoder }), run);
    const report = await rewriteFragments(raw, made, (samples) => cutVideo(samples, boundaries, 0));
    const decoded = await runFfmpeg(countFrames(made), run);
    if (report.frames === FRAMES && decoded.frame === FRAMES) return null;
    return new Error(`${decoded.frame} of ${FRAMES} frames came out`);
  });
}

/** Null when the first is the faster one of the two at a film of full size. */
async function compareSpeed(one: Encoder, other: Encoder, signal?: AbortSignal): Promise<Error | null> {
  return inTrial(async (folder) => {
    const source = join(folder, "source.mp4");
    const run = { signal, limits: TRIAL_LIMITS };
    await runFfmpeg(testSource({ path: source, ...FULL_SIZE, frames: RACE_FRAMES, encoder: one }), run);
    const seconds = async (encoder: Encoder) => {
      const started = performance.now();
      const rungs = [{ ...HALF_SIZE, ceiling: 2_800_000, path: join(folder, "made.mp4") }];
      await runFfmpeg(trialRectangle({ url: source, boundaries: [0, RACE_FRAMES], rungs, encoder }), run);
      return (performance.now() - started) / 1_000;
    };
    const [with_, without] = [await seconds(one), await seconds(other)];
    if (with_ < without) return null;
    return new Error(`works, but is no faster: ${with_.toFixed(2)} s, ${without.toFixed(2)} s without it`);
  });
}

/** How many sessions the driver opens at a time, up to the most we ask for. */
async function countSessions(encoder: Encoder, signal?: AbortSignal): Promise<number> {
  for (let sessions = MOST_SESSIONS; sessions > 1; sessions = Math.ceil(sessions / 2)) {
    const failure = await inTrial(async (folder) => {
      const source = join(folder, "source.mp4");
      const run = { signal, limits: TRIAL_LIMITS };
      await runFfmpeg(testSource({ path: source, ...SIZE, frames: FRAMES, encoder }), run);
      const rungs = Array.from({ length: sessions }, (_, at) => ({
        ...SIZE,
        ceiling: 1_000_000,
        path: join(folder, `${at}.mp4`),
      }));
      await runFfmpeg(trialRectangle({ url: source, boundaries: [0, FRAMES], rungs, encoder }), run);
      return null;
    });
    signal?.throwIfAborted();
    if (failure === null) return sessions;
  }
  return 1;
}

async function inTrial(attempt: (folder: string) => Promise<Error | null>): Promise<Error | null> {
  const folder = await mkdtemp(join(tmpdir(), "capcloud-trial-"));
  try {
    return await attempt(folder);
  } catch (error) {
    return error instanceof Error ? error : new Error("failed");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function trialRectangle(wish: Pick<RectangleEncode, "url" | "boundaries" | "rungs" | "encoder">) {
  return encodeRectangle({
    ...{ ...wish, stream: 0, from: null, timescale: TIMESCALE },
    traits: { remux: null, interlaced: false, anamorphic: false, transfer: "sdr", variable: false },
  });
}

/** Moving pictures to encode, as a file: lavfi is an input that jobs never open. */
function testSource(wish: { path: string; width: number; height: number; frames: number; encoder: Encoder }) {
  const { width, height, frames, encoder } = wish;
  const url = `testsrc2=s=${width}x${height}:r=${TIMESCALE}:d=${frames / TIMESCALE}`;
  // What decodes in hardware is tried with what it will mostly get; all else must not depend on libx264.
  const codec =
    encoder.decoding === undefined
      ? ["-c:v", "mpeg4", "-q:v", "5"]
      : ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
  return {
    inputs: [{ options: ["-f", "lavfi"], url }],
    outputs: [
      { options: [...codec, "-video_track_timescale", String(TIMESCALE), "-f", "mp4"], path: wish.path },
    ],
  };
}

/** Whatever may turn a working encoder into one that does not, or the other way round. */
async function fingerprint({ renderNodes, nvidia }: Devices): Promise<string> {
  const { text: version } = await runFfprobe(["-version"]);
  const driver = await readFile("/proc/driver/nvidia/version", "utf8").catch(() => "");
  const { word } = await confinement();
  const facts = [version, driver, release(), process.platform, word, String(nvidia), ...renderNodes];
  return createHash("sha256").update(facts.join("\n")).digest("hex");
}

/** A driver installed since, a group joined, a GPU that was busy: nothing in the key tells of these. */
const FAILURES_KEPT_MS = 24 * 3_600_000;

const Cache = z.object({
  key: z.string(),
  /** Milliseconds since 1970. */
  at: z.number().default(0),
  verdicts: z.array(z.object({ name: z.string(), reason: z.string().nullable() })),
  /** Of NVENC. */
  sessions: z.number().int().positive().nullable(),
  /** Devices work outside the namespaces alone. */
  devicesOut: z.boolean().default(false),
});
type Cache = z.infer<typeof Cache>;

async function readCache(file: string, key: string): Promise<Cache | null> {
  try {
    const cache = Cache.parse(JSON.parse(await readFile(file, "utf8")));
    const stale = Date.now() - cache.at > FAILURES_KEPT_MS;
    const failed = cache.verdicts.some(({ reason }) => reason !== null);
    return cache.key === key && !(stale && failed) ? cache : null;
  } catch {
    return null;
  }
}
