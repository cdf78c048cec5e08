/** ffmpeg's arguments for rewriting containers without touching what is in them. Pure. */
import type { Invocation } from "./invocation.ts";
import { sourceOptions } from "./source-arguments.ts";

/**
 * Into a container with a dependable timeline and seek. Every stream of sound and picture keeps its index:
 * recipes name streams by it, so nothing may be left out in between.
 */
export function remux(wish: {
  url: string;
  path: string;
  container: "mp4" | "matroska";
  /** Streams to take, in order. */
  streams: readonly number[];
  /** AVI packs two MPEG-4 pictures into one packet. */
  unpack: boolean;
}): Invocation {
  return {
    inputs: [{ options: [...sourceOptions(wish.url), "-fflags", "+genpts"], url: wish.url }],
    outputs: [
      {
        options: [
          ...wish.streams.flatMap((stream) => ["-map", `0:${stream}`]),
          ...["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"],
          ...(wish.unpack ? ["-bsf:v", "mpeg4_unpack_bframes"] : []),
          ...["-avoid_negative_ts", "make_zero", "-f", wish.container],
        ],
        path: wish.path,
      },
    ],
  };
}
