/**
 * The plan of a video: boundaries and rungs, frozen when the file has been inspected and never changed.
 * Times are ticks of the source (`timescale` a second); on the timeline `origin` is 0.
 */
import type { SourceTraits } from "#protocol";

export interface PlannedRung {
  /** Its height's name: "480", "720" … (short side in pixels) */
  name: string;
  /** `copy`: the source's own packets; boundaries are then its usable keyframes. */
  mode: "encode" | "copy";
  width: number;
  height: number;
  /** Most bits per second. */
  ceiling: number;
}

export interface PlannedTrack {
  /** "audio-0", "audio-1" … in the order of the source's streams. */
  name: string;
  stream: number;
  mode: "copy" | "encode";
  sampleRate: number;
  channels: number;
  language: string | null;
}

/** Subtitles that are text, shown as WebVTT. */
export interface PlannedText {
  /** "text-2", "text-3" … by the source's streams. */
  name: string;
  stream: number;
  language: string | null;
}

export interface Plan {
  /** Hash of the file and its inspection, known before the frame index is. */
  id: string;
  fileId: string;
  timescale: number;
  origin: number;
  /** Source ticks; one more than there are segments, the last being the end of the last frame. */
  boundaries: number[];
  frames: number;
  video: { stream: number; codec: string; traits: SourceTraits };
  /** Lowest first. */
  rungs: PlannedRung[];
  tracks: PlannedTrack[];
  texts: PlannedText[];
}

/** What of a plan is known before the frame index: the first segment, and the rung it is made in. */
export interface Head extends Omit<Plan, "boundaries" | "frames"> {
  /** Start and end of segment 0, in source ticks. */
  boundaries: [number, number];
}
