/** What a finished job tells: where its objects are and what they contain. Also why one failed. */
import { z } from "zod";
import { byteRange, count, objectName, ticks } from "./primitives.ts";
import { SourceTraits } from "./recipes.ts";

/** One elementary stream as ffprobe tells it, cut to what we use. */
export const StreamReport = z.object({
  index: count,
  type: z.enum(["video", "audio", "subtitle", "data", "attachment"]),
  codec: z.string(),
  profile: z.string().nullable(),
  language: z.string().nullable(),
  bitRate: z.number().nullable(),
  /** Coded size in pixels, before rotation and aspect. */
  width: count.nullable(),
  height: count.nullable(),
  pixelFormat: z.string().nullable(),
  frameRate: z.number().nullable(),
  channels: count.nullable(),
  sampleRate: count.nullable(),
  /** A picture that rides along (cover art), not the film. */
  cover: z.boolean(),
  /** Pictures lie in another order than they are shown (B-frames); agents of the first release do not tell. */
  reordered: z.boolean().nullish(),
});
export type StreamReport = z.infer<typeof StreamReport>;

/**
 * The frame index of a video, an object of its own (`index.json`). Frame times are run-length coded:
 * `[delta, count]` pairs, the first frame standing at `start`; `end` is where the last frame ends.
 * `keyframes` are the usable ones: no later packet before the next keyframe has a smaller time.
 */
export const FrameIndex = z.object({
  timescale: z.number().int().positive(),
  start: ticks,
  end: ticks,
  runs: z.array(z.tuple([ticks, z.number().int().positive()])),
  keyframes: z.array(ticks),
  /** Frames are not evenly spaced; agents of the first release told it with the inspection alone. */
  variable: z.boolean().optional(),
});
export type FrameIndex = z.infer<typeof FrameIndex>;

/** A picture made from the file, with the placeholder hashes taken from its 32 px copy. */
const hashes = { blurhash: z.string(), thumbhash: z.string().describe("base64") };
const Picture = z.object({ object: objectName, width: count, height: count });
export type Picture = z.infer<typeof Picture>;

export const InspectResult = z.object({
  kind: z.literal("inspect"),
  container: z.string(),
  /** Seconds. */
  duration: z.number().nonnegative(),
  bitRate: z.number().nullable(),
  streams: z.array(StreamReport),
  video: z
    .object({
      stream: count,
      codec: z.string(),
      /** As shown: after rotation and with square pixels. */
      width: count,
      height: count,
      frames: count,
      traits: SourceTraits,
      /** Source ticks at which the timeline starts: the earliest stream. */
      origin: ticks,
      /** Null where the container has no index to read them from: an `index` job follows. */
      index: objectName.nullable(),
      /** The first segment, known before the index: from `start` to the first boundary, in ticks. */
      head: z
        .object({
          timescale: z.number().int().positive(),
          start: ticks,
          boundary: ticks,
          /** Where it ends if packets are to be copied: a usable keyframe. */
          keyframe: ticks.nullish(),
        })
        .nullish(),
    })
    .nullable(),
  audio: z.array(
    z.object({
      stream: count,
      codec: z.string(),
      copyable: z.boolean().describe("AAC-LC, stereo or less, that players take as it is"),
      sampleRate: count,
      channels: count,
      language: z.string().nullable(),
    }),
  ),
  /** Agents of the first release made a film's stills here; now they are a job of their own. */
  poster: Picture.nullish(),
  /** Of a sound's cover. */
  thumbnail: Picture.nullable(),
  hashes: z.object(hashes).nullable(),
});
export type InspectResult = z.infer<typeof InspectResult>;

export const StillsResult = z.object({
  kind: z.literal("stills"),
  /** Null where there is no film in the file. */
  pictures: z.object({ poster: Picture, thumbnail: Picture, hashes: z.object(hashes) }).nullable(),
});
export type StillsResult = z.infer<typeof StillsResult>;

export const ImageResult = z.object({
  kind: z.literal("image"),
  /** Pixels, after EXIF orientation. */
  width: count,
  height: count,
  thumbnail: Picture,
  preview: Picture,
  mp4: Picture.nullable(),
  hashes: z.object(hashes),
});
export type ImageResult = z.infer<typeof ImageResult>;

/** A finished fragment file: where the init and each segment lie, and when each plays (timeline ticks). */
export const TrackReport = z.object({
  name: z.string(),
  object: objectName,
  init: byteRange,
  codecs: z.string(),
  timescale: z.number().int().positive(),
  frames: count,
  segments: z.array(
    z.object({
      ...{ segment: count, offset: count, length: count, start: ticks, duration: ticks },
      /** Of that segment alone; agents of the first release do not tell. */
      frames: count.optional(),
    }),
  ),
});
export type TrackReport = z.infer<typeof TrackReport>;
export const VideoResult = z.object({
  kind: z.literal("video"),
  rungs: z.array(TrackReport).min(1),
  encoder: z.string(),
});
export const AudioResult = z.object({
  kind: z.literal("audio"),
  track: TrackReport.nullable(),
  download: z.object({ object: objectName, duration: z.number() }).nullable(),
});
export const Mp4Result = z.object({
  kind: z.literal("mp4"),
  object: objectName,
  width: count,
  height: count,
  frames: count,
  duration: z.number(),
});
export type VideoResult = z.infer<typeof VideoResult>;
export type AudioResult = z.infer<typeof AudioResult>;
export type Mp4Result = z.infer<typeof Mp4Result>;
export const IndexResult = z.object({ kind: z.literal("index"), index: objectName });
export const SubtitleResult = z.object({ kind: z.literal("subtitle"), object: objectName, cues: count });
export const StoryboardResult = z.object({ kind: z.literal("storyboard"), sheets: z.array(Picture).min(1) });
export const WaveformResult = z.object({
  kind: z.literal("waveform"),
  object: objectName,
  duration: z.number(),
});
export type IndexResult = z.infer<typeof IndexResult>;
export type SubtitleResult = z.infer<typeof SubtitleResult>;
export type StoryboardResult = z.infer<typeof StoryboardResult>;
export type WaveformResult = z.infer<typeof WaveformResult>;
export const Result = z.discriminatedUnion("kind", [
  InspectResult,
  StillsResult,
  ImageResult,
  VideoResult,
  AudioResult,
  Mp4Result,
  IndexResult,
  SubtitleResult,
  StoryboardResult,
  WaveformResult,
]);
export type Result = z.infer<typeof Result>;

export const FailureClass = z.enum(["transient", "permanent", "agent_fault"]);
export type FailureClass = z.infer<typeof FailureClass>;
export const FailureCode = z.enum([
  // permanent: no agent will do better
  "unsupported",
  "corrupt",
  "too_large",
  "refused",
  "source_gone",
  // agent_fault: another agent will
  "disk_full",
  "encoder_gone",
  "tool_missing",
  // transient: the same may pass later
  "network",
  "stalled",
  "timeout",
  "crashed",
  "incomplete",
]);
export type FailureCode = z.infer<typeof FailureCode>;
