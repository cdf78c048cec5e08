/**
 * What this machine can do: its tools, encoders that passed a trial, cores, memory, and from these the kinds
 * of jobs it takes and how many at a time. Told in each hello, and printed by `capcloud-agent check`.
 */
import { z } from "zod";
import { tryAll, type Encoder, type Trials } from "../ffmpeg/encoders.ts";
import { confinement, runFfprobe, type Confinement } from "../ffmpeg/run.ts";
import type { Log } from "../log.ts";
import { machineRoom, type MachineRoom } from "./machine-room.ts";
import type { Capabilities, JobKind, Slots } from "../protocol.ts";

const NO_ENCODER = "No H.264 encoder passed its trial: install an ffmpeg with libx264.";

export interface Tools {
  /** Versions; null where the tool cannot be used. */
  ffmpeg: string | null;
  sharp: string | null;
  encoders: readonly Encoder[];
}

export interface Machine extends Tools, MachineRoom {
  platform: string;
  kinds: JobKind[];
  slots: Slots;
  /** How ffmpeg is confined. */
  sandbox: Confinement;
  /** What came of trying each encoder. */
  verdicts: Trials["verdicts"];
  /** What is missing, in sentences that say how to get it. */
  troubles: string[];
}

export interface SurveyOptions {
  cacheDir: string;
  /** Slots that the owner set. */
  slots: Partial<Slots>;
  log: Log;
  signal?: AbortSignal;
}

/** Cores that one encode by software keeps busy. */
const CORES_PER_ENCODE = 4;
/** Rungs of a job, each a session of the encoder. */
const SESSIONS_PER_JOB = 4;
/** Picture, sound and stills of a film's beginning go side by side: what is copied waits for the line, not for a core. */
const IO_SLOTS = { least: 3, most: 4 };
const GIBIBYTE = 1_024 ** 3;
/**
 * What a job may need at its most. An encode of the usual three rungs was measured at 0.5 GB from 1080p and 0.6 GB from
 * 4K with two cores, with a rung of 2160p at 1.4 GB, and takes more with more threads; a picture of 100 megapixels is
 * 0.4 GB of pixels.
 */
const MEMORY_BYTES = { agent: 0.5 * GIBIBYTE, encode: 2 * GIBIBYTE, io: 0.5 * GIBIBYTE };
/** Older ones lack options that every encode uses. */
const OLDEST_FFMPEG = [5, 1] as const;

export async function surveyMachine({ cacheDir, slots, log, signal }: SurveyOptions): Promise<Machine> {
  const troubles: string[] = [];
  const trouble = (sentence: string) => (error: unknown) => {
    signal?.throwIfAborted();
    log.debug(sentence, { reason: String(error) });
    troubles.push(sentence);
    return null;
  };
  const [ffmpeg, sharp, proven] = await Promise.all([
    ffmpegVersion().catch(trouble("ffmpeg and ffprobe are not on the PATH: install ffmpeg 5.1 or newer.")),
    sharpVersion().catch(
      trouble("sharp cannot be loaded here: install capcloud-agent again with npm 9.6 or newer."),
    ),
    tryAll({ cacheDir, log, ...(signal && { signal }) }).catch(trouble(NO_ENCODER)),
  ]);
  if (ffmpeg !== null && isTooOld(ffmpeg))
    troubles.push(`ffmpeg ${ffmpeg} is too old: install 5.1 or newer.`);
  const tools: Tools = { ffmpeg, sharp, encoders: ffmpeg === null ? [] : (proven?.encoders ?? []) };
  const room = await machineRoom();
  return {
    ...tools,
    ...room,
    platform: `${process.platform}-${process.arch}`,
    kinds: kindsFor(tools),
    slots: { ...slotsFor(tools, room), ...slots },
    sandbox: await confinement(),
    verdicts: proven?.verdicts ?? [],
    // Without ffmpeg nothing else is to be said about encoders.
    troubles: ffmpeg === null ? troubles.filter((sentence) => sentence !== NO_ENCODER) : troubles,
  };
}

export function kindsFor({ ffmpeg, sharp, encoders }: Tools): JobKind[] {
  const needs: Record<JobKind, boolean> = {
    inspect: ffmpeg !== null && sharp !== null,
    stills: ffmpeg !== null && sharp !== null,
    image: sharp !== null,
    video: ffmpeg !== null && encoders.length > 0,
    audio: ffmpeg !== null,
    mp4: ffmpeg !== null,
    index: ffmpeg !== null,
    subtitle: ffmpeg !== null,
    storyboard: ffmpeg !== null && sharp !== null,
    waveform: ffmpeg !== null,
  };
  return (Object.keys(needs) as JobKind[]).filter((kind) => needs[kind]);
}

/** Each class has one slot at least: what does not fit into memory fails, and says so, rather than being never tried. */
export function slotsFor({ ffmpeg, sharp, encoders }: Tools, { cores, memoryBytes }: MachineRoom): Slots {
  const software = encoders.some(({ hardware }) => !hardware);
  const fitting = (bytes: number) => Math.floor((memoryBytes - MEMORY_BYTES.agent) / bytes);
  const encodes = Math.min(Math.floor(cores / CORES_PER_ENCODE), fitting(MEMORY_BYTES.encode));
  const io = Math.min(IO_SLOTS.most, Math.max(IO_SLOTS.least, cores), fitting(MEMORY_BYTES.io));
  return {
    gpu: jobsOf(encoders.find(({ hardware }) => hardware)),
    cpu: software ? Math.max(1, encodes) : 0,
    io: ffmpeg === null && sharp === null ? 0 : Math.max(1, io),
  };
}

/** Whether an encode more than there are slots fits into memory: while one ends the next may begin. */
export function overlaps({ slots, memoryBytes }: Pick<Machine, "slots" | "memoryBytes">): boolean {
  const { agent, encode, io } = MEMORY_BYTES;
  return agent + (slots.cpu + 1) * encode + io <= memoryBytes;
}

/** At a time, of the best device: every job tries that one first, and others only where it cannot. */
function jobsOf(best: Encoder | undefined): number {
  if (best === undefined) return 0;
  return best.sessions === undefined ? 1 : Math.max(1, Math.floor(best.sessions / SESSIONS_PER_JOB));
}

/** As a hello tells it. */
export function capabilitiesOf(machine: Machine): Capabilities {
  const { kinds, encoders, ffmpeg, cores, memoryBytes, platform } = machine;
  return {
    kinds,
    encoders: encoders.map(({ name }) => name),
    ffmpeg: ffmpeg ?? "",
    cores,
    memoryBytes,
    platform,
    sandbox: machine.sandbox.word,
  };
}

/** Encoders for a job in that slot: every other slot leaves the GPU to those that were given it. */
export function encodersFor(
  slot: keyof Slots,
  { encoders, slots }: Pick<Machine, "encoders" | "slots">,
): readonly Encoder[] {
  const software = encoders.filter(({ hardware }) => !hardware);
  return slot !== "gpu" && slots.gpu > 0 && software.length > 0 ? software : encoders;
}

const ProgramVersion = z.object({ program_version: z.object({ version: z.string() }) });

async function ffmpegVersion(): Promise<string> {
  const { text } = await runFfprobe(["-v", "error", "-show_program_version", "-of", "json"]);
  return ProgramVersion.parse(JSON.parse(text)).program_version.version;
}

async function sharpVersion(): Promise<string> {
  const { default: sharp } = await import("sharp");
  return sharp.versions.sharp ?? sharp.versions.vips;
}

/** Builds from git have no number; they are taken as new. */
export function isTooOld(version: string): boolean {
  const match = /^n?(\d+)\.(\d+)/.exec(version);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major < OLDEST_FFMPEG[0] || (major === OLDEST_FFMPEG[0] && minor < OLDEST_FFMPEG[1]);
}
