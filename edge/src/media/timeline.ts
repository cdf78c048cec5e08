/** Durations and frame rate that follow from a plan. Used by the playlists and by whoever tells a time. */
import type { Plan } from "./plan.ts";

/** Seconds. The first segment begins where the timeline does, even if the first frame comes later. */
export function segmentDurations(plan: Plan): number[] {
  const starts = [Math.min(plan.origin, plan.boundaries[0] ?? 0), ...plan.boundaries.slice(1)];
  return starts.slice(1).map((end, at) => (end - (starts[at] ?? end)) / plan.timescale);
}

/** From where the timeline begins to the end of the last frame. */
export function timelineSeconds({ origin, boundaries, timescale }: Plan): number {
  return ((boundaries.at(-1) ?? 0) - Math.min(origin, boundaries[0] ?? 0)) / timescale;
}

/** Frames a second, where the source has an even beat. */
export function frameRate(plan: Plan): number | null {
  return plan.video.traits.variable ? null : averageFrameRate(plan);
}

/** Frames a second; a plan has one frame at least, and an end behind it. */
export function averageFrameRate({ boundaries, frames, timescale }: Plan): number {
  return (frames * timescale) / ((boundaries.at(-1) ?? 0) - (boundaries[0] ?? 0));
}
