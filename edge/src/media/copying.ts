/**
 * May the top rung be the source's own packets? Copying it costs half of encoding a ladder whole (measured 14.6
 * against 30.4 CPU s) and loses nothing. Used by `build-plan.ts`.
 */
import { LONGEST_COPIED_SECONDS, type FrameIndex, type InspectResult, type StreamReport } from "#protocol";
import { LONGEST_SIDE, nameOfSize } from "./ladder.ts";
import type { PlannedRung } from "./plan.ts";

/** Those of 8-bit 4:2:0 that browsers decode, as ffprobe calls them. */
const PROFILES = new Set(["Baseline", "Constrained Baseline", "Main", "High", "Progressive High"]);
const PIXEL_FORMAT = "yuv420p";
/** A copy may be this much larger than the rung it stands for: beyond it, small devices would lose the rung. */
const LARGER = 1.5;

/** `rung` is the top one, as it would be encoded. */
export function canCopy(inspection: InspectResult, index: FrameIndex, rung: PlannedRung): boolean {
  // Players lose the beat of uneven frames that lie out of order: the agent would have to encode them after all.
  if (inspection.video?.traits.variable && streamOf(inspection)?.reordered !== false) return false;
  return mayCopy(inspection, rung) && hasCloseKeyframes(index);
}

/** As far as can be told before the frame index is there. */
export function mayCopy(inspection: InspectResult, rung: PlannedRung): boolean {
  const { video } = inspection;
  const stream = streamOf(inspection);
  if (!video || !stream || video.codec !== "h264") return false;
  const { interlaced, anamorphic, transfer } = video.traits;
  if (interlaced || anamorphic || transfer !== "sdr") return false;
  if (stream.pixelFormat !== PIXEL_FORMAT || !PROFILES.has(stream.profile ?? "")) return false;
  // Shown as it is coded: neither turned nor cut to even sides.
  if (stream.width !== video.width || stream.height !== video.height) return false;
  return isOfSize(video, rung) && isWithinRate(inspection, rung);
}

/** The copy that stands in for `rung`: the source's size, and so its name. */
export function copiedRung({ width, height }: { width: number; height: number }, rung: PlannedRung) {
  const copy: PlannedRung = { ...rung, name: nameOfSize({ width, height }), mode: "copy", width, height };
  return copy;
}

/** Bits per second of the film; null where nothing tells. */
export function videoRate(inspection: InspectResult): number | null {
  // Matroska and WebM tell no rate per stream; the whole file's is a little above it.
  return streamOf(inspection)?.bitRate ?? inspection.bitRate;
}

function streamOf({ streams, video }: InspectResult): StreamReport | undefined {
  return streams.find(({ index }) => index === video?.stream);
}

function isOfSize({ width, height }: { width: number; height: number }, rung: PlannedRung): boolean {
  const short = Math.min(width, height);
  return Math.max(width, height) <= LONGEST_SIDE && short <= LARGER * Math.min(rung.width, rung.height);
}

function isWithinRate(inspection: InspectResult, { ceiling }: PlannedRung): boolean {
  const rate = videoRate(inspection);
  return rate !== null && rate > 0 && rate <= ceiling;
}

/** The first frame is one, and from each it is not far to the next, or to the end. */
function hasCloseKeyframes({ keyframes, start, end, timescale }: FrameIndex): boolean {
  if (keyframes[0] !== start) return false;
  const farthest = LONGEST_COPIED_SECONDS * timescale;
  return keyframes.every((time, at) => {
    const gap = (keyframes[at + 1] ?? end) - time;
    return gap > 0 && gap <= farthest;
  });
}
