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

/** The published MP4 from local fragment files: by copy, index first, no metadata. */
export function joinTracks(wish: {
  video: { path: string; delay: number };
  audio: string | null;
  path: string;
}): Invocation {
  const local = (path: string, before: string[]) => ({
    options: [...before, ...sourceOptions(path)],
    url: path,
  });
  return {
    inputs: [
      local(wish.video.path, ["-itsoffset", (-wish.video.delay).toFixed(6)]),
      ...(wish.audio === null ? [] : [local(wish.audio, [])]),
    ],
    outputs: [
      {
        options: [
          ...["-map", "0:v:0", ...(wish.audio === null ? [] : ["-map", "1:a:0"])],
          ...["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"],
          ...["-movflags", "+faststart", "-f", "mp4"],
        ],
        path: wish.path,
      },
    ],
  };
}
