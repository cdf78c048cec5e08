/** ffmpeg's arguments for sound: stretches of a track on the global grid, and the download of a file. Pure. */
import { fragmentOptions } from "./fragment-options.ts";
import type { Invocation } from "./invocation.ts";
import { seekOptions, sourceOptions } from "./source-arguments.ts";

/** Transparent for most listeners in AAC-LC stereo. */
const BIT_RATE = "160k";
/** A gap in the source of more than this many seconds is filled with silence; less is jitter. */
const GAP_SECONDS = "0.05";
/** Stereo at most: players fail on odd layouts. */
const LAYOUT = "aformat=channel_layouts=stereo|mono";
/** What every AAC decoder takes, nearest first. */
const SAMPLE_RATES = "48000|44100|32000|24000|22050|16000";

export interface StretchEncode {
  url: string;
  stream: number;
  /** Seconds of the source to seek to; null reads from the beginning. */
  from: number | null;
  /** Source ticks at which the timeline starts. */
  origin: number;
  timescale: number;
  sampleRate: number;
  /** Sample of the timeline at which counting starts: where the seek leads, or before all sound. */
  base: number;
  /** Samples of the timeline, multiples of 1024 that include the pre-roll: [first, end). */
  first: number;
  /** Silence fills up to here where the source ends before. Null: the source's own end. */
  end: number | null;
  /** With an open end: at least this many samples of the timeline are there. */
  atLeast: number;
  path: string;
}

/** Encodes onto the grid. The encoder's first packet comes out 1024 samples before `first`. */
export function encodeStretch(wish: StretchEncode): Invocation {
  const { origin, timescale, base, first, end, atLeast } = wish;
  const chain = [
    ...(origin === 0 ? [] : [`asetpts=PTS-round((${origin}/${timescale})/TB)`]),
    `aresample=${wish.sampleRate}:async=1:min_comp=0:min_hard_comp=${GAP_SECONDS}:first_pts=${base}`,
    LAYOUT,
    end === null ? `apad=whole_len=${Math.max(0, atLeast - base)}` : "apad",
    `atrim=start_pts=${first}${end === null ? "" : `:end_pts=${end}`}`,
  ];
  return {
    inputs: [{ options: [...sourceOptions(wish.url), ...seekOptions(wish.from)], url: wish.url }],
    outputs: [
      {
        options: [
          ...["-filter_complex", `[0:${wish.stream}]${chain.join(",")}[out]`, "-map", "[out]"],
          ...["-c:a", "aac", "-profile:a", "aac_low", "-b:a", BIT_RATE],
          ...fragmentOptions(wish.path).options,
        ],
        path: wish.path,
      },
    ],
  };
}

/** Copies packets from before `from` to after `until` (seconds of the source); the box pass drops the rest. */
export function copyStretch(wish: {
  url: string;
  stream: number;
  from: number | null;
  until: number | null;
  path: string;
}): Invocation {
  return {
    inputs: [{ options: [...sourceOptions(wish.url), ...seekOptions(wish.from)], url: wish.url }],
    outputs: [
      {
        options: [
          ...["-map", `0:${wish.stream}`, "-c", "copy"],
          ...(wish.until === null ? [] : ["-to", wish.until.toFixed(6)]),
          ...fragmentOptions(wish.path).options,
        ],
        path: wish.path,
      },
    ],
  };
}

/** An `audio.m4a` that browsers play. */
export function makeDownload(wish: {
  url: string;
  stream: number;
  mode: "encode" | "copy";
  path: string;
}): Invocation {
  const encode = ["-af", `${LAYOUT}:sample_rates=${SAMPLE_RATES}`, "-c:a", "aac", "-b:a", "192k"];
  return {
    inputs: [{ options: sourceOptions(wish.url), url: wish.url }],
    outputs: [
      {
        options: [
          ...["-map", `0:${wish.stream}`, ...(wish.mode === "copy" ? ["-c", "copy"] : encode)],
          ...["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"],
          ...["-movflags", "+faststart", "-f", "mp4"],
        ],
        path: wish.path,
      },
    ],
  };
}
