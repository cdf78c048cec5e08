/** ffmpeg's arguments for what stands beside a film: keyframes as small pictures, sound as numbers, text. Pure. */
import type { Invocation } from "./invocation.ts";
import { sourceOptions } from "./source-arguments.ts";

/** The keyframes of a film of ours as bare RGB, one behind the other, to stdout. */
export function smallKeyframes(wish: { path: string; width: number; height: number }): Invocation {
  return {
    inputs: [{ options: ["-skip_frame", "nokey", ...sourceOptions(wish.path)], url: wish.path }],
    outputs: [
      {
        options: [
          ...["-map", "0:v:0", "-vf", `scale=${wish.width}:${wish.height},setsar=1,format=rgb24`],
          ...["-fps_mode", "passthrough", "-c:v", "rawvideo", "-f", "rawvideo"],
        ],
        path: "pipe:1",
      },
    ],
  };
}

/** One channel of 16-bit samples to stdout. */
export function plainSamples(wish: { url: string; stream: number; rate: number }): Invocation {
  return {
    inputs: [{ options: sourceOptions(wish.url), url: wish.url }],
    outputs: [
      {
        options: [
          ...["-map", `0:${wish.stream}`, "-ac", "1", "-ar", String(wish.rate)],
          ...["-c:a", "pcm_s16le", "-f", "s16le"],
        ],
        path: "pipe:1",
      },
    ],
  };
}

/** A text track as WebVTT with the source's own times. */
export function textTrack(wish: { url: string; stream: number; path: string }): Invocation {
  return {
    inputs: [{ options: ["-copyts", ...sourceOptions(wish.url)], url: wish.url }],
    outputs: [
      {
        options: [
          ...["-map", `0:${wish.stream}`, "-map_metadata", "-1", "-map_chapters", "-1"],
          ...["-c:s", "webvtt", "-f", "webvtt"],
        ],
        path: wish.path,
      },
    ],
  };
}
