/** ffmpeg's arguments for single pictures. Pure. */
import type { SourceTraits } from "../protocol.ts";
import type { Invocation } from "./invocation.ts";
import { plainPicture } from "./picture-filters.ts";
import { sourceOptions } from "./source-arguments.ts";

/** Pictures looked at for the most telling one, from the place that was sought. */
const CANDIDATES = 12;
/** Seconds in which a keyframe must come: a film may have none any more, and on a slow line all of it would be read. */
const KEYED_SECONDS = "10";

/**
 * One picture as bare RGB of exactly that size. `at` in seconds from the start of the source. `keyed`: the first
 * keyframe from there on, which takes a fifth of the time (0.1 s of a core instead of 0.5 at 1080p) and may not be
 * there; otherwise the most telling picture that follows.
 */
export function grabStill(wish: {
  url: string;
  stream: number;
  at: number;
  keyed: boolean;
  traits: Pick<SourceTraits, "interlaced" | "transfer">;
  width: number;
  height: number;
  path: string;
}): Invocation {
  const choice = wish.keyed ? [] : [`thumbnail=${CANDIDATES}`];
  const filters = [...choice, ...plainPicture(wish.traits, wish), "format=rgb24"].join(",");
  const decode = wish.keyed ? ["-skip_frame", "nokey", "-t", KEYED_SECONDS] : [];
  const seek = wish.at > 0 ? ["-ss", wish.at.toFixed(3)] : [];
  return {
    inputs: [{ options: [...sourceOptions(wish.url), ...decode, ...seek], url: wish.url }],
    outputs: [
      {
        options: [
          ...["-map", `0:${wish.stream}`, "-vf", filters, "-frames:v", "1"],
          ...["-c:v", "rawvideo", "-f", "rawvideo"],
        ],
        path: wish.path,
      },
    ],
  };
}

/** Cover art exactly as it lies in the file, for sharp to read. */
export function takeCover(wish: { url: string; stream: number; path: string }): Invocation {
  return {
    inputs: [{ options: sourceOptions(wish.url), url: wish.url }],
    outputs: [
      {
        options: ["-map", `0:${wish.stream}`, "-c", "copy", "-frames:v", "1", "-f", "data"],
        path: wish.path,
      },
    ],
  };
}

/** The only picture of an image file, whole and upright, as PNG. */
export function takePicture(wish: { url: string; path: string }): Invocation {
  return {
    inputs: [{ options: sourceOptions(wish.url), url: wish.url }],
    outputs: [
      {
        options: ["-map", "0:v:0", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe"],
        path: wish.path,
      },
    ],
  };
}
