/**
 * What a job is asked to make: a union by kind of closed enums and numbers, never arguments of a tool.
 */
import { z } from "zod";
import { byteRange, count, objectName, ticks } from "./primitives.ts";

export const JobKind = z.enum([
  "inspect",
  "stills",
  "image",
  "video",
  "audio",
  "mp4",
  "index",
  "subtitle",
  "storyboard",
  "waveform",
]);
export type JobKind = z.infer<typeof JobKind>;

/** What a job occupies on an agent: encoding on a GPU, encoding on cores, or mostly reading and writing. */
export const ResourceClass = z.enum(["gpu", "cpu", "io"]);
export type ResourceClass = z.infer<typeof ResourceClass>;

/** A rung as it is to be made. `ceiling` is bits per second. */
export const RungRecipe = z.object({
  name: z.string().regex(/^[0-9]{2,4}$/),
  /** `copy`: the source's own packets, cut at its usable keyframes. */
  mode: z.enum(["encode", "copy"]),
  width: z.number().int().min(2).max(8192).multipleOf(2),
  height: z.number().int().min(2).max(8192).multipleOf(2),
  ceiling: z.number().int().positive(),
});
export type RungRecipe = z.infer<typeof RungRecipe>;

/** What the agent must know of the source before it decodes; copied from its own inspection. */
export const SourceTraits = z.object({
  /** The container has no dependable timeline: remux with `-c copy` to this one first. */
  remux: z.enum(["mp4", "matroska"]).nullable(),
  interlaced: z.boolean(),
  /** Pixels are not square. */
  anamorphic: z.boolean(),
  transfer: z.enum(["sdr", "pq", "hlg"]),
  /** Frames are not evenly spaced. */
  variable: z.boolean(),
});
export type SourceTraits = z.infer<typeof SourceTraits>;

/**
 * Where on the timeline a job works. `boundaries` are the times of real frames in source ticks
 * (`timescale` a second), one more than there are segments; the last is null where the end is open.
 * `origin` is the source time, in the same ticks, that becomes 0 on the timeline.
 */
const stretch = {
  plan: z.string().min(1),
  timescale: z.number().int().positive(),
  origin: ticks,
  segments: z.tuple([count, count]).describe("[first, after the last]"),
  boundaries: z.array(ticks.nullable()).min(2),
};

export const InspectRecipe = z.object({ kind: z.literal("inspect"), media: z.enum(["video", "audio"]) });
/** Poster, thumbnail and placeholder hashes of a film, made beside its inspection: nothing waits for them. */
export const StillsRecipe = z.object({ kind: z.literal("stills") });
export const ImageRecipe = z.object({ kind: z.literal("image"), animated: z.boolean() });
export const VideoRecipe = z.object({
  kind: z.literal("video"),
  ...stretch,
  /** ffmpeg's index of the stream in the source. */
  stream: count,
  codec: z.string(),
  traits: SourceTraits,
  /** Source ticks from the keyframe at which decoding may begin to the first boundary, where that is known. */
  preroll: ticks.nonnegative().optional(),
  /** Frames a second on average, where all of them are known: tells an agent how far it is. */
  frameRate: z.number().positive().optional(),
  rungs: z.array(RungRecipe).min(1).max(8),
});
export const AudioTrackRecipe = z.object({
  kind: z.literal("audio"),
  purpose: z.literal("track"),
  ...stretch,
  name: z.string().regex(/^[a-z0-9-]{1,16}$/),
  stream: count,
  mode: z.enum(["encode", "copy"]),
  remux: SourceTraits.shape.remux,
  sampleRate: z.number().int().positive(),
});
/** An `audio.m4a` for an audio file that browsers do not play. */
export const AudioDownloadRecipe = z.object({
  kind: z.literal("audio"),
  purpose: z.literal("download"),
  stream: count,
  mode: z.enum(["encode", "copy"]),
});
export const AudioRecipe = z.discriminatedUnion("purpose", [AudioTrackRecipe, AudioDownloadRecipe]);

/** Bytes of one committed object that belong to the result, in order; `input` names an input of the grant. */
export const Piece = z.object({ input: objectName, init: byteRange, ranges: z.array(byteRange).min(1) });
export type Piece = z.infer<typeof Piece>;
/** A faststart MP4 from committed fragments, by copy. `duration` in seconds. */
export const Mp4Recipe = z.object({
  kind: z.literal("mp4"),
  video: z.array(Piece).min(1),
  audio: z.array(Piece),
  frames: count,
  duration: z.number().positive(),
});

/** All frame times of a film whose inspection found no index to read them from. */
export const IndexRecipe = z.object({
  kind: z.literal("index"),
  stream: count,
  remux: SourceTraits.shape.remux,
});
/** A text track as WebVTT. `origin` is the source time, in seconds, that becomes 0. */
export const SubtitleRecipe = z.object({ kind: z.literal("subtitle"), stream: count, origin: z.number() });
/** Small pictures in sheets, one each `interval` seconds, from the committed fragments of one rung. */
export const StoryboardRecipe = z.object({
  kind: z.literal("storyboard"),
  video: z.array(Piece).min(1),
  interval: z.number().positive(),
  tiles: z.number().int().positive(),
  columns: z.number().int().positive(),
  rows: z.number().int().positive(),
  /** Of one picture, in pixels. */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});
/** The loudest sample of each of `buckets` equal stretches, for drawing. */
export const WaveformRecipe = z.object({
  kind: z.literal("waveform"),
  stream: count,
  buckets: z.number().int().min(1).max(4_000),
});

export const Recipe = z.union([
  InspectRecipe,
  StillsRecipe,
  ImageRecipe,
  VideoRecipe,
  AudioRecipe,
  Mp4Recipe,
  IndexRecipe,
  SubtitleRecipe,
  StoryboardRecipe,
  WaveformRecipe,
]);
export type InspectRecipe = z.infer<typeof InspectRecipe>;
export type StillsRecipe = z.infer<typeof StillsRecipe>;
export type ImageRecipe = z.infer<typeof ImageRecipe>;
export type VideoRecipe = z.infer<typeof VideoRecipe>;
export type AudioRecipe = z.infer<typeof AudioRecipe>;
export type AudioTrackRecipe = z.infer<typeof AudioTrackRecipe>;
export type AudioDownloadRecipe = z.infer<typeof AudioDownloadRecipe>;
export type Mp4Recipe = z.infer<typeof Mp4Recipe>;
export type IndexRecipe = z.infer<typeof IndexRecipe>;
export type SubtitleRecipe = z.infer<typeof SubtitleRecipe>;
export type StoryboardRecipe = z.infer<typeof StoryboardRecipe>;
export type WaveformRecipe = z.infer<typeof WaveformRecipe>;
export type Recipe = z.infer<typeof Recipe>;
