/**
 * Where a stretch of sound lies on its track's global grid of 1024 samples, counted from the start of the
 * timeline, so that stretches encoded apart join without a step. Pure; used by the audio processor.
 */
import type { AudioTrackRecipe } from "../protocol.ts";

/** Samples in an AAC packet. */
export const PACKET_SAMPLES = 1_024;
/** Packets encoded ahead and dropped, until the encoder hears what it would have heard in one go. */
const PRE_ROLL_PACKETS = 16;
/** Packets encoded behind: the window of the last one reaches into them. */
const POST_ROLL_PACKETS = 4;
/** Samples of the timeline: where the first stretch starts counting, with its pre-roll of silence. */
export const BEFORE_ALL_SOUND = -(PRE_ROLL_PACKETS + 1) * PACKET_SAMPLES;
/** Seconds for decoders to find their footing (Opus asks for 80 ms, MP3 for two frames). */
const DECODER_SECONDS = 1;
/** Seconds read beyond the stretch when packets are copied. */
const COPY_BEYOND_SECONDS = 1;

export interface GridStretch {
  /** Samples of the timeline to encode: [first, end). An open end is null. */
  first: number;
  end: number | null;
  /** With an open end: silence fills up to here. */
  atLeast: number;
  /** The last known boundary: sound or silence must reach it. */
  needed: number;
  /** Seconds of the source to read from; null is its beginning. */
  readFrom: number | null;
  /** Seconds of the source up to which packets are copied; null is its end. */
  copyUntil: number | null;
  /** Boundaries in ticks of the timeline at that scale. */
  edgesAt(timescale: number): (number | null)[];
}

export function planStretch(recipe: AudioTrackRecipe): GridStretch {
  const { boundaries, origin, timescale, sampleRate } = recipe;
  const edgesAt = (scale: number) =>
    boundaries.map((boundary) => (boundary === null ? null : ((boundary - origin) * scale) / timescale));
  const edges = edgesAt(sampleRate);
  const last = edges.at(-1) ?? null;
  const first = (toGrid(edges[0] ?? 0) - PRE_ROLL_PACKETS - 1) * PACKET_SAMPLES;
  const reached = edges.findLast((edge) => edge !== null) ?? 0;
  const from = origin / timescale + first / sampleRate - DECODER_SECONDS;
  const until = boundaries.at(-1) ?? null;
  return {
    first,
    end: last === null ? null : (toGrid(last) + POST_ROLL_PACKETS) * PACKET_SAMPLES,
    atLeast: (toGrid(reached) + POST_ROLL_PACKETS) * PACKET_SAMPLES,
    needed: Math.ceil(reached),
    readFrom: from <= origin / timescale ? null : from,
    copyUntil: until === null ? null : until / timescale + COPY_BEYOND_SECONDS,
    edgesAt,
  };
}

/** The first packet that starts at or after a sample. */
function toGrid(sample: number): number {
  return Math.ceil(sample / PACKET_SAMPLES);
}
