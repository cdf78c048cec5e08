/**
 * The plan of a video: boundaries and rungs, frozen when the file has been inspected and never changed.
 * Times are ticks of the source (`timescale` a second); on the timeline `origin` is 0. Rungs that are asked for
 * later are kept beside it and joined to it where it is loaded.
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
  /** Asked for when the plan was frozen already. */
  added?: true;
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
  /** Ticks from the last usable keyframe to the start of each segment; null: none near. Older plans do not tell. */
  prerolls?: (number | null)[] | undefined;
  frames: number;
  video: { stream: number; codec: string; traits: SourceTraits };
  /** Lowest first. */
  rungs: PlannedRung[];
  tracks: PlannedTrack[];
  texts: PlannedText[];
}

/** With rungs that were asked for since: on the same boundaries, under the same id. */
export function withRungs(plan: Plan, added: readonly PlannedRung[]): Plan {
  const known = new Set(plan.rungs.map(({ name }) => name));
  const rungs = added
    .filter(({ name }) => !known.has(name))
    .map((rung) => ({ ...rung, added: true as const }));
  if (rungs.length === 0) return plan;
  return {
    ...plan,
    rungs: [...plan.rungs, ...rungs].sort((one, other) => Number(one.name) - Number(other.name)),
  };
}

/** As it was frozen: what is joined or drawn from all rungs is made of these. */
export function frozenPlan(plan: Plan): Plan {
  return { ...plan, rungs: plan.rungs.filter(({ added }) => added !== true) };
}

/** What of a plan is known before the frame index: the first segment, and the rung it is made in. */
export interface Head extends Omit<Plan, "boundaries" | "prerolls" | "frames"> {
  /** Start and end of segment 0, in source ticks. */
  boundaries: [number, number];
}
