/**
 * THE WIRE: every frame between an agent and the coordinator, as zod schemas from which the types are
 * inferred. The agent owns this file and the edge borrows it as `#protocol`; it imports nothing of ours.
 *
 * Rules of age: unknown keys are ignored, an unknown `type` is answered by an `error` frame, and a frame
 * once shipped is never changed in meaning (`protocol.test.ts` parses a frozen sample of each for ever).
 * Times in frames are durations in milliseconds, never instants: the two clocks are never compared.
 */
import { z } from "zod";

export const PROTOCOL_VERSION = 1;
/** The coordinator accepts these; home agents update late. */
export const SUPPORTED_PROTOCOLS: readonly number[] = [1];
export const SUBPROTOCOL = "capcloud.v1";
export const PING = "ping";
export const PONG = "pong";

/** Bytes in one frame; what does not fit travels as an object and is named in `complete`. */
export const MAX_FRAME_BYTES = 64 * 1024;
/** Objects above this are uploaded in parts that the coordinator completes. */
export const MULTIPART_THRESHOLD_BYTES = 64 * 1024 * 1024;
/** All parts of an object but the last have this size: R2 refuses unequal parts. */
export const PART_BYTES = 32 * 1024 * 1024;
/** Addresses asked for in one `sign` frame: a signed address is about 600 bytes, a frame 64 KB. */
export const MAX_SIGNED_PER_FRAME = 32;

export const CLOSE_REPLACED = 4001;
export const CLOSE_REVOKED = 4003;
export const CLOSE_PROTOCOL = 4008;

const count = z.number().int().nonnegative();
const ticks = z.number().int();
const milliseconds = z.number().nonnegative();
/** Object names are ours: one path step, no separators. */
const objectName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const byteRange = z.tuple([count, count]).describe("[offset, length] in bytes");

export const JobKind = z.enum(["inspect", "image", "video", "audio", "mp4"]);
export type JobKind = z.infer<typeof JobKind>;

/** What a job occupies on an agent: encoding on a GPU, encoding on cores, or mostly reading and writing. */
export const ResourceClass = z.enum(["gpu", "cpu", "io"]);
export type ResourceClass = z.infer<typeof ResourceClass>;

// ---------------------------------------------------------------- recipes

/** A rung as it is to be made. `ceiling` is bits per second. */
export const RungRecipe = z.object({
  name: z.string().regex(/^[0-9]{2,4}$/),
  mode: z.enum(["encode"]),
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
export const ImageRecipe = z.object({ kind: z.literal("image"), animated: z.boolean() });
export const VideoRecipe = z.object({
  kind: z.literal("video"),
  ...stretch,
  /** ffmpeg's index of the stream in the source. */
  stream: count,
  codec: z.string(),
  traits: SourceTraits,
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

export const Recipe = z.union([InspectRecipe, ImageRecipe, VideoRecipe, AudioRecipe, Mp4Recipe]);
export type InspectRecipe = z.infer<typeof InspectRecipe>;
export type ImageRecipe = z.infer<typeof ImageRecipe>;
export type VideoRecipe = z.infer<typeof VideoRecipe>;
export type AudioRecipe = z.infer<typeof AudioRecipe>;
export type AudioTrackRecipe = z.infer<typeof AudioTrackRecipe>;
export type AudioDownloadRecipe = z.infer<typeof AudioDownloadRecipe>;
export type Mp4Recipe = z.infer<typeof Mp4Recipe>;
export type Recipe = z.infer<typeof Recipe>;

// ---------------------------------------------------------------- results

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
      index: objectName,
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
  poster: Picture.nullable(),
  thumbnail: Picture.nullable(),
  hashes: z.object(hashes).nullable(),
});
export type InspectResult = z.infer<typeof InspectResult>;

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
    z.object({ segment: count, offset: count, length: count, start: ticks, duration: ticks }),
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
export const Result = z.discriminatedUnion("kind", [
  InspectResult,
  ImageResult,
  VideoResult,
  AudioResult,
  Mp4Result,
]);
export type Result = z.infer<typeof Result>;

// ---------------------------------------------------------------- failures

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

// ---------------------------------------------------------------- agent → coordinator

/** Names one attempt. The secret is 128 random bits, base64url. */
export const LeaseRef = z.object({ job: z.string(), epoch: count, secret: z.string() });
export type LeaseRef = z.infer<typeof LeaseRef>;

export const Slots = z.object({ gpu: count, cpu: count, io: count });
export type Slots = z.infer<typeof Slots>;

export const Capabilities = z.object({
  kinds: z.array(JobKind),
  /** H.264 encoders that passed a trial encode, best first. */
  encoders: z.array(z.string()),
  ffmpeg: z.string(),
  cores: count,
  memoryBytes: count,
  platform: z.string(),
});
export type Capabilities = z.infer<typeof Capabilities>;

const frame = { seq: count };

export const Hello = z.object({
  type: z.literal("hello"),
  ...frame,
  protocol: count,
  agentVersion: z.string(),
  /** New for each start of the process; `seq` is unique within it. */
  bootId: z.string(),
  label: z.string(),
  capabilities: Capabilities,
  slots: Slots,
  held: z.array(LeaseRef),
});
/** Free slots now, absolute: never a difference. */
export const Ready = z.object({ type: z.literal("ready"), ...frame, slots: Slots });
export const Renew = z.object({
  type: z.literal("renew"),
  ...frame,
  leases: z.array(LeaseRef.extend({ fraction: z.number().min(0).max(1) })),
});
export const ObjectWish = z.object({
  name: objectName,
  size: z.number().int().positive(),
  type: z.string(),
  /** Base64 of the MD5, where it is known before the upload. */
  md5: z.string().optional(),
});
export type ObjectWish = z.infer<typeof ObjectWish>;
export const Sign = z.object({
  type: z.literal("sign"),
  ...frame,
  lease: LeaseRef,
  /** Inputs to be read (again). */
  inputs: z.array(objectName),
  outputs: z.array(ObjectWish),
  /** Parts of outputs that the coordinator said are multipart. */
  parts: z.array(z.object({ name: objectName, numbers: z.array(z.number().int().min(1).max(10_000)) })),
});
export const Complete = z.object({
  type: z.literal("complete"),
  ...frame,
  lease: LeaseRef,
  objects: z.array(
    z.object({
      name: objectName,
      size: z.number().int().positive(),
      /** As the storage answered it, without quotes; empty for multipart objects. */
      etag: z.string(),
      parts: z.array(z.object({ number: z.number().int(), etag: z.string() })).optional(),
    }),
  ),
  result: Result,
});
export const Fail = z.object({
  type: z.literal("fail"),
  ...frame,
  lease: LeaseRef,
  class: FailureClass,
  code: FailureCode,
  /** For people; holds no signed address and no path. */
  message: z.string().max(2_000),
});
export const Release = z.object({ type: z.literal("release"), ...frame, lease: LeaseRef });

export const AgentFrame = z.discriminatedUnion("type", [Hello, Ready, Renew, Sign, Complete, Fail, Release]);
export type AgentFrame = z.infer<typeof AgentFrame>;
export type Hello = z.infer<typeof Hello>;
export type Ready = z.infer<typeof Ready>;
export type Renew = z.infer<typeof Renew>;
export type Sign = z.infer<typeof Sign>;
export type Complete = z.infer<typeof Complete>;
export type Fail = z.infer<typeof Fail>;
export type Release = z.infer<typeof Release>;

// ---------------------------------------------------------------- coordinator → agent

const reply = { ...frame, re: count.describe("seq of the frame this answers") };
const signedRequest = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) });
export type SignedRequest = z.infer<typeof signedRequest>;

export const Welcome = z.object({
  type: z.literal("welcome"),
  ...reply,
  protocol: count,
  renewMs: milliseconds,
  pingMs: milliseconds,
  leaseMs: milliseconds,
  /** Leases that still hold as they are. */
  resumed: z.array(z.string()),
  /** Leases given anew to the same holder: carry on under the new name. */
  adopted: z.array(z.object({ job: z.string(), from: count, lease: LeaseRef })),
  /** Leases that are over: drop the work. */
  lost: z.array(z.string()),
});
export const Grant = z.object({
  type: z.literal("grant"),
  ...frame,
  lease: LeaseRef,
  leaseMs: milliseconds,
  /** The attempt ends after this, however lively the agent. */
  deadlineMs: milliseconds,
  slot: ResourceClass,
  recipe: Recipe,
  /** `url` is opaque, and there for the first input only; the others are asked for with `sign`. */
  inputs: z.array(
    z.object({ name: objectName, size: z.number().int().nonnegative(), url: z.string().optional() }),
  ),
});
export const Signed = z.object({
  type: z.literal("signed"),
  ...reply,
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(
    z.string(),
    z.union([
      z.object({ put: signedRequest }),
      z.object({ multipart: z.object({ partBytes: count, parts: count }) }),
    ]),
  ),
  parts: z.record(z.string(), z.array(z.object({ number: count, put: signedRequest }))),
});
export const Accepted = z.object({ type: z.literal("accepted"), ...reply });
export const Refused = z.object({
  type: z.literal("refused"),
  ...reply,
  /** `stale`: the lease is not yours any more; `invalid`: the frame contradicts the recipe. */
  reason: z.enum(["stale", "invalid"]),
  message: z.string(),
});
export const Cancel = z.object({
  type: z.literal("cancel"),
  ...frame,
  jobs: z.array(z.string()),
  reason: z.string(),
});
/** Answers a `renew`: leases named there that are over. */
export const Renewed = z.object({ type: z.literal("renewed"), ...reply, lost: z.array(z.string()) });
export const Move = z.object({ type: z.literal("move"), ...frame, url: z.string() });
export const Drain = z.object({ type: z.literal("drain"), ...frame, reason: z.string() });
export const ErrorFrame = z.object({
  type: z.literal("error"),
  ...frame,
  re: count.nullable(),
  message: z.string(),
});

export const CoordinatorFrame = z.discriminatedUnion("type", [
  Welcome,
  Grant,
  Signed,
  Accepted,
  Refused,
  Cancel,
  Renewed,
  Move,
  Drain,
  ErrorFrame,
]);
export type CoordinatorFrame = z.infer<typeof CoordinatorFrame>;
export type Welcome = z.infer<typeof Welcome>;
export type Grant = z.infer<typeof Grant>;
export type Signed = z.infer<typeof Signed>;
export type Accepted = z.infer<typeof Accepted>;
export type Refused = z.infer<typeof Refused>;
export type Cancel = z.infer<typeof Cancel>;
export type Renewed = z.infer<typeof Renewed>;
