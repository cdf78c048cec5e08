/**
 * Turns an inspection and its frame index into the frozen plan of a video. Called once by the coordinator,
 * when both are there; `headPlan` before that, when only the inspection is. Same input, same plan, same id:
 * doing it twice changes nothing.
 */
import type { FrameIndex, InspectResult } from "#protocol";
import {
  countFrames,
  findBoundaries,
  findKeyframeBoundaries,
  findPrerolls,
  hasFrameAt,
} from "./boundaries.ts";
import { canCopy, copiedRung, mayCopy, videoRate } from "./copying.ts";
import { DEFAULT_LADDER, type Ladder, planLadder } from "./ladder.ts";
import type { Head, Plan, PlannedRung } from "./plan.ts";
import { planTexts, planTracks } from "./tracks.ts";

type Video = NonNullable<InspectResult["video"]>;
/** An inspection that found a picture. */
type Film = InspectResult & { video: Video };

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
  if (!isFilm(inspection)) return null;
  const told = headOf(inspection, ladder);
  const head = told !== null && agrees(told, index) ? told : null;
  const film = withIndex(inspection, index);
  const { rungs, boundaries } = cutFilm(film, index, ladder, head);
  if (boundaries === null) return null;
  // What was made of a head that the film does not have is not to be found under this plan.
  const id = await planId(fileId, inspection, ladder, head === told ? null : boundaries);
  return {
    ...shared(id, fileId, film, index),
    boundaries,
    prerolls: findPrerolls(index, boundaries),
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
  if (!isFilm(inspection)) return null;
  const head = headOf(inspection, ladder);
  if (head === null || head.boundary <= head.start) return null;
  const id = await planId(fileId, inspection, ladder, null);
  return {
    ...shared(id, fileId, inspection, head),
    boundaries: [head.start, head.boundary],
    rungs: encodedRungs(inspection, ladder),
  };
}

function isFilm(inspection: InspectResult): inspection is Film {
  const { video } = inspection;
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
function headOf(film: Film, ladder: Ladder): HeadTimes | null {
  const { index, head } = film.video;
  if (index !== null || !head) return null;
  const top = encodedRungs(film, ladder).at(-1);
  const keyframe = top !== undefined && mayCopy(film, top) ? head.keyframe : null;
  return { timescale: head.timescale, start: head.start, boundary: keyframe ?? head.boundary };
}

/** Whether frames are even is taken for the worse while only the head is known. */
function withIndex(film: Film, { variable }: FrameIndex): Film {
  const { video } = film;
  if (video.index !== null || variable === undefined) return film;
  return { ...film, video: { ...video, traits: { ...video.traits, variable } } };
}

/** The index confirms what was decided before it. */
function agrees(head: HeadTimes, index: FrameIndex): boolean {
  if (head.timescale !== index.timescale || head.start !== index.start) return false;
  return head.boundary >= index.end || (head.boundary > head.start && hasFrameAt(index, head.boundary));
}

/** At keyframes where the top rung is copied, at any frames otherwise. */
function cutFilm(
  film: Film,
  index: FrameIndex,
  ladder: Ladder,
  head: HeadTimes | null,
): Pick<Plan, "rungs"> & { boundaries: number[] | null } {
  const rungs = encodedRungs(film, ladder);
  const top = rungs.at(-1);
  if (top !== undefined && canCopy(film, index, top)) {
    const boundaries = findKeyframeBoundaries(index);
    // The head is of the lowest rung and encoded: it stays, so the copy is another rung and has that boundary too.
    if (head === null || (rungs.length > 1 && boundaries?.[1] === head.boundary))
      return { boundaries, rungs: [...rungs.slice(0, -1), copiedRung(film.video, top)] };
  }
  return { boundaries: findBoundaries(index, head?.boundary ?? null), rungs };
}

function encodedRungs(film: Film, ladder: Ladder): PlannedRung[] {
  const { width, height } = film.video;
  return planLadder({ width, height, bitRate: videoRate(film) }, ladder);
}

function shared(
  id: string,
  fileId: string,
  film: Film,
  { timescale, start }: Pick<HeadTimes, "timescale" | "start">,
) {
  const { stream, codec, traits, origin } = film.video;
  return {
    id,
    fileId,
    timescale,
    origin: Math.min(origin, start),
    video: { stream, codec, traits },
    tracks: planTracks(film),
    texts: planTexts(film),
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
