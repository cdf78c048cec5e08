/** Plans, inspections and fast-check models of frame times for tests. Nothing of the Worker imports it. */
import * as fc from "fast-check";
import type { FrameIndex, InspectResult, StreamReport } from "#protocol";
import { findBoundaries } from "../boundaries.ts";
import { planLadder } from "../ladder.ts";
import type { Plan, PlannedTrack } from "../plan.ts";

export const TIMESCALE = 1_000;

/** Frame times from start on, and where the last frame ends. */
export interface Frames {
  times: number[];
  end: number;
}

/** Uneven frames, some standing still for up to ten seconds; short films and films of minutes. */
export const anyFrames: fc.Arbitrary<Frames> = fc
  .tuple(
    fc.integer({ min: -2_000, max: 5_000 }),
    fc.array(
      fc.tuple(
        fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 500, max: 10_000 }), fc.constant(40)),
        fc.integer({ min: 1, max: 200 }),
      ),
      { maxLength: 20 },
    ),
    fc.integer({ min: 1, max: 9_000 }),
  )
  .map(([start, runs, last]) => {
    const times = [start];
    for (const [delta, count] of runs) {
      for (let i = 0; i < count; i++) times.push((times.at(-1) ?? start) + delta);
    }
    return { times, end: (times.at(-1) ?? start) + last };
  });

export function indexOf({ times, end }: Frames): FrameIndex {
  const runs: [number, number][] = [];
  for (let at = 1; at < times.length; at++) {
    const delta = (times[at] ?? 0) - (times[at - 1] ?? 0);
    const run = runs.at(-1);
    if (run && run[0] === delta) run[1] += 1;
    else runs.push([delta, 1]);
  }
  return { timescale: TIMESCALE, start: times[0] ?? 0, end, runs, keyframes: [] };
}

/** The same with usable keyframes among the frames, the first frame one of them. */
export const anyKeyedFrames: fc.Arbitrary<FrameIndex> = fc
  .tuple(anyFrames, fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 }))
  .map(([frames, steps]) => {
    const keyframes: number[] = [];
    for (let at = 0, step = 0; at < frames.times.length; at += steps[step++] ?? 100) {
      keyframes.push(frames.times[at] ?? 0);
    }
    return { ...indexOf(frames), keyframes };
  });

/** Frames evenly spaced. */
export function evenFrames(seconds: number, rate = 25, start = 0): Frames {
  const step = TIMESCALE / rate;
  const times = Array.from({ length: seconds * rate }, (_, at) => start + at * step);
  return { times, end: start + seconds * TIMESCALE };
}

export function planOf(frames: Frames, changes: Partial<Plan> = {}): Plan {
  return {
    id: "0123456789abcdef01234567",
    fileId: "Ab3dE9fGh1",
    timescale: TIMESCALE,
    origin: Math.min(0, frames.times[0] ?? 0),
    boundaries: findBoundaries(indexOf(frames)) ?? [],
    frames: frames.times.length,
    video: { stream: 0, codec: "h264", traits: PLAIN },
    rungs: planLadder({ width: 1920, height: 1080, bitRate: null }),
    tracks: [TRACK],
    texts: [],
    ...changes,
  };
}

export const PLAIN = {
  remux: null,
  interlaced: false,
  anamorphic: false,
  transfer: "sdr",
  variable: false,
} as const;

export const TRACK: PlannedTrack = {
  name: "audio-0",
  stream: 1,
  mode: "copy",
  sampleRate: 48_000,
  channels: 2,
  language: "eng",
};

/** A film that may be copied: H.264 as browsers take it, a keyframe each second. */
export const FILM: StreamReport = {
  ...{ index: 0, type: "video", codec: "h264", profile: "High", language: null, bitRate: 4_000_000 },
  ...{ width: 1920, height: 1080, pixelFormat: "yuv420p", frameRate: 25 },
  ...{ channels: null, sampleRate: null, cover: false },
};

export const COPYABLE_PLAN: Partial<Plan> = {
  rungs: planLadder({ width: 1920, height: 1080, bitRate: null }).map((rung) => ({
    ...rung,
    mode: rung.name === "1080" ? "copy" : "encode",
  })),
};

export const INSPECTION: InspectResult = {
  kind: "inspect",
  container: "mov,mp4",
  duration: 20,
  bitRate: 6_000_000,
  streams: [],
  video: {
    stream: 0,
    codec: "h264",
    width: 1920,
    height: 1080,
    frames: 500,
    traits: PLAIN,
    origin: 0,
    index: "index.json",
  },
  audio: [{ stream: 1, codec: "aac", copyable: true, sampleRate: 44_100, channels: 2, language: "eng" }],
  thumbnail: null,
  hashes: null,
};
