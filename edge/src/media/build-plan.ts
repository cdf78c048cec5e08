/**
 * Turns an inspection and its frame index into the frozen plan of a video. Called once by the coordinator,
 * when both are there; `headPlan` before that, when only the inspection is. Same input, same plan, same id:
 * doing it twice changes nothing.
 */
import type { FrameIndex, InspectResult } from "#protocol";
import { countFrames, findBoundaries, findKeyframeBoundaries, hasFrameAt } from "./boundaries.ts";
import { canCopy, copiedRung, mayCopy, videoRate } from "./copying.ts";
import { DEFAULT_LADDER, type Ladder, planLadder } from "./ladder.ts";
import type { Head, Plan, PlannedRung } from "./plan.ts";
import { planTexts, planTracks } from "./tracks.ts";

type Video = NonNullable<InspectResult["video"]>;

/** Raised when the same inspection yields another plan than before. */
const PLANNER = 2;
/** Characters of the hash, hexadecimal: 96 bits, beyond reach of anybody who seeks another file's plan. */
const ID_LENGTH = 24;

/**
 * Null where there is no picture to plan. Asynchronous only because WebCrypto's SHA-256 is: it awaits
 * nothing else. The id must withstand a forger, since whoever uploads chooses what an inspection tells.
 */
export async function buildPlan(
  fileId: string,
  inspection: InspectResult,
  index: FrameIndex,
  ladder: Ladder = DEFAULT_LADDER,
): Promise<Plan | null> {
  if (!isPlannable(inspection.video)) return null;
  const told = headOf(inspection, inspection.video, ladder);
  const head = told !== null && agrees(told, index) ? told : null;
  const video = withIndex(inspection.video, index);
  const rungs = planRungs({ ...inspection, video }, video, index, ladder, head);
  const boundaries = rungs.some(({ mode }) => mode === "copy")
    ? findKeyframeBoundaries(index)
    : findBoundaries(index, head?.boundary ?? null);
  if (boundaries === null) return null;
  // What was made of a head that the film does not have is not to be found under this plan.
  const id = await planId(fileId, inspection, ladder, head === told ? null : boundaries);
  return {
    ...shared(id, fileId, inspection, video, index),
    boundaries,
    frames: countFrames(index),
    rungs,
  };
}

/** What is known of the plan before the index is; null where the inspection tells no head, or the index too. */
export async function headPlan(
  fileId: string,
  inspection: InspectResult,
  ladder: Ladder = DEFAULT_LADDER,
): Promise<Head | null> {
  const { video } = inspection;
  const head = isPlannable(video) ? headOf(inspection, video, ladder) : null;
  if (!isPlannable(video) || head === null || head.boundary <= head.start) return null;
  const id = await planId(fileId, inspection, ladder, null);
  return {
    ...shared(id, fileId, inspection, video, head),
    boundaries: [head.start, head.boundary],
    rungs: encodedRungs(inspection, video, ladder),
  };
}

function isPlannable(video: Video | null): video is Video {
  return video !== null && video.width > 0 && video.height > 0;
}

interface HeadTimes {
  timescale: number;
  start: number;
  boundary: number;
}

/**
 * A head counts only where no index came with the inspection. It ends on a keyframe where the top rung may turn out to
 * be copied: the film is then cut at keyframes, and what was made of the head stays.
 */
function headOf(inspection: InspectResult, video: Video, ladder: Ladder): HeadTimes | null {
  const { index, head } = video;
  if (index !== null || !head) return null;
  const top = encodedRungs(inspection, video, ladder).at(-1);
  const keyframe = top !== undefined && mayCopy(inspection, top) ? head.keyframe : null;
  return { timescale: head.timescale, start: head.start, boundary: keyframe ?? head.boundary };
}

/** Whether frames are even is taken for the worse while only the head is known. */
function withIndex(video: Video, { variable }: FrameIndex): Video {
  if (video.index !== null || variable === undefined) return video;
  return { ...video, traits: { ...video.traits, variable } };
}

/** The index confirms what was decided before it. */
function agrees(head: HeadTimes, index: FrameIndex): boolean {
  if (head.timescale !== index.timescale || head.start !== index.start) return false;
  return head.boundary >= index.end || (head.boundary > head.start && hasFrameAt(index, head.boundary));
}

function planRungs(
  inspection: InspectResult,
  video: Video,
  index: FrameIndex,
  ladder: Ladder,
  head: HeadTimes | null,
): PlannedRung[] {
  const rungs = encodedRungs(inspection, video, ladder);
  const top = rungs.at(-1);
  if (top === undefined || !canCopy(inspection, index, top)) return rungs;
  // The head is of the lowest rung and encoded: it stays, so the copy is another rung and has that boundary too.
  if (head !== null && (rungs.length === 1 || findKeyframeBoundaries(index)?.[1] !== head.boundary))
    return rungs;
  return [...rungs.slice(0, -1), copiedRung(video, top)];
}

function encodedRungs(inspection: InspectResult, { width, height }: Video, ladder: Ladder): PlannedRung[] {
  return planLadder({ width, height, bitRate: videoRate(inspection) }, ladder);
}

function shared(
  id: string,
  fileId: string,
  inspection: InspectResult,
  { stream, codec, traits, origin }: Video,
  { timescale, start }: { timescale: number; start: number },
) {
  return {
    id,
    fileId,
    timescale,
    origin: Math.min(origin, start),
    video: { stream, codec, traits },
    tracks: planTracks(inspection),
    texts: planTexts(inspection),
  };
}

/** Of everything a plan follows from but the index, which comes later. `cuts`: see `buildPlan`. */
async function planId(
  fileId: string,
  { duration, bitRate, streams, video, audio }: InspectResult,
  ladder: Ladder,
  cuts: number[] | null,
): Promise<string> {
  const seen = { duration, bitRate, streams, audio, video: { ...video, index: null, head: null } };
  const text = JSON.stringify({ planner: PLANNER, fileId, ladder, seen, cuts });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.slice(0, ID_LENGTH);
}
