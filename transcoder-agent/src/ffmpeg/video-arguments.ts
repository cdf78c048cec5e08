/**
 * ffmpeg's arguments for a rectangle: one decode, an exact cut, one fragmented MP4 per rung by a cascade of
 * scales. Pure. Times are the source's own ticks, unrounded, and stay so until the box pass: a filter that moves
 * them (`setpts`) would lose the frame rate in ffmpeg 6.1 to 7.0, and every encoder's rate control with it.
 */
import type { RungRecipe, SourceTraits } from "../protocol.ts";
import type { Encoder } from "./h264.ts";
import { fragmentOptions } from "./fragment-options.ts";
import type { Invocation } from "./invocation.ts";
import { plainPicture, scaleTo } from "./picture-filters.ts";
import { seekOptions, sourceOptions } from "./source-arguments.ts";

export interface RectangleEncode {
  url: string;
  /** ffmpeg's index of the stream. */
  stream: number;
  /** Seconds of the source to seek to; null reads from the beginning. */
  from: number | null;
  timescale: number;
  /** Source ticks, one more than segments. */
  boundaries: readonly number[];
  traits: SourceTraits;
  rungs: readonly (Pick<RungRecipe, "width" | "height" | "ceiling"> & { path: string })[];
  encoder: Encoder;
}

/** Keyframes come by list alone. */
const NO_OTHER_KEYFRAMES = "100000";
/** A forced time lies this much before its frame, in seconds, so that rounding cannot put it behind. */
const FORCED_EARLY = 0.000_5;

export function encodeRectangle(wish: RectangleEncode): Invocation {
  const rungs = wish.rungs.toSorted((a, b) => b.width * b.height - a.width * a.height);
  return {
    inputs: [
      {
        options: [
          ...wish.encoder.deviceOptions,
          ...(wish.encoder.decoding?.options ?? []),
          ...sourceOptions(wish.url),
          ...seekOptions(wish.from),
        ],
        url: wish.url,
      },
    ],
    outputs: rungs.map((rung, index) => ({
      path: rung.path,
      options: [
        ...(index === 0 ? ["-filter_complex", cascade(wish, rungs)] : []),
        ...["-map", `[out${index}]`, "-fps_mode", "passthrough", "-enc_time_base", `1:${wish.timescale}`],
        ...wish.encoder.options({ ceiling: rung.ceiling, reorder: !wish.traits.variable }),
        ...["-g", NO_OTHER_KEYFRAMES, "-force_key_frames", forcedTimes(wish)],
        // Parameter sets in band: players that read only the first init must survive another encoder's.
        ...["-bsf:v", "dump_extra=freq=keyframe", "-video_track_timescale", String(wish.timescale)],
        ...fragmentOptions(rung.path).options,
      ],
    })),
  };
}

/** Each rung is scaled from the next larger one: a tenth cheaper than from the source, and as good. */
function cascade(wish: RectangleEncode, rungs: readonly Size[]): string {
  const cut = `trim=start_pts=${wish.boundaries[0] ?? 0}:end_pts=${wish.boundaries.at(-1) ?? 0}`;
  const steps = stepsOf(wish);
  return rungs
    .map((rung, index) => {
      const head =
        index === 0
          ? [`[0:${wish.stream}]${cut}`, ...steps.first(rung)].join(",")
          : `[next${index}]${steps.next(rung)},setsar=1`;
      const tail = `${steps.last}[out${index}]`;
      // What goes on to the next rung leaves before it is made fit for the encoder (or uploaded to it).
      return index === rungs.length - 1
        ? `${head},${tail}`
        : `${head},${steps.shared}split=2[here${index}][next${index + 1}];[here${index}]${tail}`;
    })
    .join(";");
}

interface Size {
  width: number;
  height: number;
}

/** Filters from decoded frames to the first rung, from rung to rung, before a split and before the encoder. */
function stepsOf({ encoder, traits }: RectangleEncode) {
  const plain = { next: scaleTo, shared: "format=yuv420p,", last: encoder.format };
  const { decoding } = encoder;
  if (decoding === undefined) return { ...plain, first: (size: Size) => plainPicture(traits, size) };
  const scale = (size: Size) => decoding.scale(size);
  const { download } = decoding;
  if (download !== null) return { ...plain, first: (size: Size) => [scale(size), download, "setsar=1"] };
  return { first: (size: Size) => [scale(size), "setsar=1"], next: scale, shared: "", last: "null" };
}

/** Absolute times: an `expr:` would count from the first frame. */
function forcedTimes({ boundaries, timescale }: RectangleEncode): string {
  return boundaries
    .slice(0, -1)
    .map((boundary) => Math.max(0, boundary / timescale - FORCED_EARLY).toFixed(6))
    .join(",");
}

/** The source's own packets from before `from` to behind `until` (seconds of the source); the box pass cuts. */
export function copyRectangle(wish: {
  url: string;
  stream: number;
  from: number | null;
  until: number;
  timescale: number;
  path: string;
}): Invocation {
  return {
    inputs: [{ options: [...sourceOptions(wish.url), ...seekOptions(wish.from)], url: wish.url }],
    outputs: [
      {
        path: wish.path,
        options: [
          ...["-map", `0:${wish.stream}`, "-c", "copy", "-copypriorss", "1", "-tag:v", "avc1"],
          ...["-to", wish.until.toFixed(6)],
          // Puts the parameter sets before every IDR: `dump_extra` would put an MP4's own there, undecodable.
          ...["-bsf:v", "h264_mp4toannexb", "-video_track_timescale", String(wish.timescale)],
          ...fragmentOptions(wish.path).options,
        ],
      },
    ],
  };
}

/** Decodes a file of ours and throws the pictures away: the outcome's `frame` says how many there were. */
export function countFrames(path: string): Invocation {
  return {
    inputs: [{ options: sourceOptions(path), url: path }],
    outputs: [{ options: ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "null"], path: "-" }],
  };
}
