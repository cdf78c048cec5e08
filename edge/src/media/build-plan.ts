/**
 * Turns an inspection and its frame index into the frozen plan of a video. Called once by the coordinator,
 * when the inspection commits. Same input, same plan, same id: doing it twice changes nothing.
 */
import type { FrameIndex, InspectResult } from "#protocol";
import { countFrames, findBoundaries } from "./boundaries.ts";
import { planLadder } from "./ladder.ts";
import type { Plan, PlannedTrack } from "./plan.ts";

/** More audio tracks than this are left to the original. */
const MAX_TRACKS = 8;
/** Sample rates that every player takes; all others are converted to the first. */
const ENCODED_SAMPLE_RATES = [48_000, 44_100] as const;
/** Characters of the hash, hexadecimal: 96 bits, beyond reach of anybody who seeks another file's plan. */
const ID_LENGTH = 24;

/**
 * Null where there is no picture to plan. Asynchronous only because WebCrypto's SHA-256 is: it awaits
 * nothing else. The id must withstand a forger, since whoever uploads chooses frame times and sizes.
 */
export async function buildPlan(
  fileId: string,
  inspection: InspectResult,
  index: FrameIndex,
): Promise<Plan | null> {
  const { video } = inspection;
  const boundaries = findBoundaries(index);
  if (!video || !boundaries || video.width < 1 || video.height < 1) return null;
  const { stream, codec, traits, origin, width, height } = video;
  const content = {
    fileId,
    timescale: index.timescale,
    origin: Math.min(origin, index.start),
    boundaries,
    frames: countFrames(index),
    video: { stream, codec, traits },
    rungs: planLadder({ width, height, bitRate: videoRate(inspection, stream) }),
    tracks: planTracks(inspection),
  };
  return { id: await hash(JSON.stringify(content)), ...content };
}

function videoRate(inspection: InspectResult, stream: number): number | null {
  const own = inspection.streams.find(({ index }) => index === stream)?.bitRate ?? null;
  // Matroska and WebM tell no rate per stream; the whole file's is a little above it.
  return own ?? inspection.bitRate;
}

function planTracks(inspection: InspectResult): PlannedTrack[] {
  return inspection.audio.slice(0, MAX_TRACKS).map((audio, at) => ({
    name: `audio-${at}`,
    stream: audio.stream,
    mode: audio.copyable ? "copy" : "encode",
    sampleRate: audio.copyable ? audio.sampleRate : encodedSampleRate(audio.sampleRate),
    channels: audio.copyable ? audio.channels : Math.min(audio.channels, 2),
    language: audio.language,
  }));
}

function encodedSampleRate(source: number): number {
  return ENCODED_SAMPLE_RATES.find((rate) => rate === source) ?? ENCODED_SAMPLE_RATES[0];
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.slice(0, ID_LENGTH);
}
