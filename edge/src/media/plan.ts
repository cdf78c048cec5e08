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

export interface Plan {
  /** Hash of all below: the same inspection always yields the same plan. */
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
}
