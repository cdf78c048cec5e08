/** ffmpeg's arguments for the silent MP4 of an animated picture. Pure. */
import type { Encoder } from "./h264.ts";
import { fragmentOptions } from "./fragment-options.ts";
import type { Invocation } from "./invocation.ts";

/** Milliseconds, the unit in which GIF and WebP tell how long a picture stays. */
export const LOOP_TIMESCALE = 1_000;

/**
 * Bare RGB pictures, one behind the other in a file, as fragments. The rate is only nominal: the box pass
 * gives every picture its own time afterwards.
 */
export function encodeLoop(wish: {
  pictures: string;
  width: number;
  height: number;
  /** Pictures a second, on average. */
  rate: number;
  encoder: Encoder;
  ceiling: number;
  path: string;
}): Invocation {
  return {
    inputs: [
      {
        options: [
          ...wish.encoder.deviceOptions,
          ...["-protocol_whitelist", "file", "-f", "rawvideo", "-pixel_format", "rgb24"],
          ...["-video_size", `${wish.width}x${wish.height}`, "-framerate", wish.rate.toFixed(3)],
        ],
        url: wish.pictures,
      },
    ],
    outputs: [
      {
        options: [
          ...["-map", "0:0", "-vf", `setsar=1,${wish.encoder.format}`, "-fps_mode", "passthrough"],
          ...wish.encoder.options({ ceiling: wish.ceiling, reorder: false }),
          ...["-video_track_timescale", String(LOOP_TIMESCALE)],
          ...fragmentOptions(wish.path).options,
        ],
        path: wish.path,
      },
    ],
  };
}
