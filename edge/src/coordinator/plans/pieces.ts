/**
 * The jobs that a planned film is made in, pure: rectangles and stretches of sound, what is joined from them
 * afterwards, and what somebody waits for. Called by the turns of this room; the same plan always yields the
 * same keys, so asking twice adds nothing.
 */
import type { Recipe, VideoRecipe } from "#protocol";
import { SECOND } from "../../config.ts";
import type { Head, Plan, PlannedRung } from "../../media/plan.ts";
import { audioRecipe, headRecipe, subtitleRecipe, videoRecipe } from "../../media/recipes.ts";
import {
  headRectangle,
  isCopyOnly,
  isHead,
  planAudio,
  planRectangles,
  type Rectangle,
  type Stretch,
} from "../../media/rectangles.ts";
import { awaitedRectangle, awaitedStretch, isAwaitedPart } from "../../media/reshape.ts";
import { storyboardLayout } from "../../media/storyboard.ts";
import { segmentDurations } from "../../media/timeline.ts";
import { RANK, type Job, type JobSpec, type Made } from "../ledger/ledger-types.ts";
import { sameOrigin, single, SMALL_COST, wholeJob, WHOLE, type Origin } from "./plan.ts";

/** Sound costs this part of what the same seconds of picture do, and so does a picture that is copied. */
const SOUND_COST = 0.1;
const COPY_COST = 0.05;
/** Part of the download small enough for chat programs. */
export const EMBED = "embed";
/** Begins the part of every job that does another one over. */
const HEDGE = "hedge.";
/** What is short enough that whoever waits for a bit of it need not ask for less. */
const SMALL_SEGMENTS = 3;
const SMALL_STRETCH_MS = 32 * SECOND;
/** Made after all that makes a file ready, and never missed by it. */
const SIDE_KINDS = ["subtitle", "storyboard", "waveform"] as const;
export const SIDE_MADE = { kinds: SIDE_KINDS, names: [EMBED] } as const;

/** Rectangles and stretches, in the order in which a viewer wants them. */
export function planPieces(origin: Origin, plan: Plan): JobSpec[] {
  const rankOf = (piece: Rectangle | Stretch) => (isHead(piece) ? RANK.head : RANK.rest);
  const video = planRectangles(plan).map((rectangle, at) =>
    rectangleJob(origin, plan, rectangle, at === 0 ? RANK.first : rankOf(rectangle)),
  );
  const audio = planAudio(plan).map((stretch) => stretchJob(origin, plan, stretch, rankOf(stretch)));
  return [...video, ...audio];
}

/** A rung that was asked for when the rest had its jobs already: the film plays, so nobody needs its head first. */
export function planRung(origin: Origin, plan: Plan, rung: PlannedRung): JobSpec[] {
  const rectangles = planRectangles({ ...plan, rungs: [rung] });
  return rectangles.map((rectangle) => rectangleJob(origin, plan, rectangle, RANK.rest));
}

/** The first rectangle of a film whose index is still being read. The plan asks for the same job later. */
export function planHead(origin: Origin, head: Head): JobSpec | null {
  const rectangle = headRectangle(head);
  if (rectangle === null) return null;
  const [start, end] = head.boundaries;
  return pieceJob(origin, head.id, {
    ...{ part: rectangle.part, rank: RANK.first, needs: "encoder", recipe: headRecipe(head) },
    ...{ from: 0, seconds: (end - Math.min(start, head.origin)) / head.timescale, costFactor: 1 },
    makes: rungsMade(rectangle.rungs),
  });
}

/** The download, once all pieces are there; its own recipe follows from what they committed. */
export function planMp4(origin: Origin, plan: Plan, parents: string[]): JobSpec {
  return joinedJob(origin, plan, { kind: "mp4", part: WHOLE, makes: [single("mp4")], parents });
}

export function planEmbed(origin: Origin, plan: Plan, parents: string[]): JobSpec {
  const makes: Made[] = [{ kind: "mp4", name: EMBED }];
  return joinedJob(origin, plan, { kind: "mp4", part: EMBED, makes, parents });
}

/** Of the pieces of the lowest rung. */
export function planStoryboard(origin: Origin, plan: Plan, parents: string[]): JobSpec {
  const sheets = Array.from({ length: storyboardLayout(plan).sheets }, (_, at) => String(at));
  const makes = sheets.map((name): Made => ({ kind: "storyboard", name }));
  return joinedJob(origin, plan, { kind: "storyboard", part: WHOLE, makes, parents });
}

export function planSubtitles(origin: Origin, plan: Plan): JobSpec[] {
  const workMs = secondsOf(plan, [0, plan.boundaries.length - 1]) * SECOND;
  return plan.texts.map((text) => {
    const made: Made[] = [{ kind: "subtitle", name: text.name }];
    const job = wholeJob(origin, subtitleRecipe(plan, text), RANK.after, made);
    const ofPlan = { version: plan.id, planId: plan.id, part: text.name };
    return { ...job, ...ofPlan, workMs: Math.max(job.workMs, workMs) };
  });
}

/** Something small from that segment on, of one rung or track, since somebody waits for it. */
export function planAwaited(
  origin: Origin,
  plan: Plan,
  track: string,
  segment: number,
  claimed: (segment: number) => boolean,
): JobSpec {
  const isRung = plan.rungs.some(({ name }) => name === track);
  return isRung
    ? rectangleJob(origin, plan, awaitedRectangle(plan, track, segment, claimed), RANK.awaited)
    : stretchJob(origin, plan, awaitedStretch(plan, track, segment, claimed), RANK.awaited);
}

/** The same once more, for another agent, when nothing better is to be done. */
export function planHedge(job: Job): JobSpec {
  const { kind, version, planId, needs, startMs, position, cost, workMs, recipe, makes } = job;
  return {
    ...sameOrigin(job),
    ...{ kind, version, planId, needs, startMs, position, cost, workMs, recipe, makes },
    ...{ part: HEDGE + job.part, rank: RANK.after, hedgeOf: job.id, parents: [] },
  };
}

/** Made beside what is planned, which covers the same segments: nothing depends on it. */
export function isExtra({ part }: Pick<Job, "part">): boolean {
  return isAwaitedPart(part) || part.startsWith(HEDGE);
}

/** Made afterwards: a file is ready without it. */
export function isSide({ kind, part }: Pick<Job, "kind" | "part">): boolean {
  return isSideKind(kind) || part === EMBED;
}

function isSideKind(kind: string): boolean {
  return SIDE_KINDS.some((side) => side === kind);
}

/**
 * Whoever waits for a segment of it need not ask for less. Of several rungs the largest takes most of the time, and the
 * one that is waited for comes only with it (measured on two cores: eight seconds of three rungs take seven).
 */
export function isSmall({ recipe, workMs }: Pick<Job, "recipe" | "workMs">): boolean {
  if (recipe?.kind !== "video") return workMs <= SMALL_STRETCH_MS;
  const encoded = recipe.rungs.filter(({ mode }) => mode === "encode");
  return encoded.length <= 1 && recipe.segments[1] - recipe.segments[0] <= SMALL_SEGMENTS;
}

/** A rectangle as its recipe has it. */
export function rectangleOf({ part }: Job, recipe: VideoRecipe): Rectangle {
  return { part, segments: recipe.segments, rungs: recipe.rungs.map(({ name }) => name) };
}

export function rectangleJob(origin: Origin, plan: Plan, rectangle: Rectangle, rank: number): JobSpec {
  const { part, segments, rungs } = rectangle;
  const copies = isCopyOnly(plan, rungs);
  return pieceJob(origin, plan.id, {
    ...{ part, rank, needs: copies ? "io" : "encoder", recipe: videoRecipe(plan, rectangle) },
    ...{ from: secondsOf(plan, [0, segments[0]]), seconds: secondsOf(plan, segments) },
    ...{ costFactor: rungs.length * (copies ? COPY_COST : 1), makes: rungsMade(rungs) },
  });
}

export function stretchJob(origin: Origin, plan: Plan, stretch: Stretch, rank: number): JobSpec {
  const { part, segments, track } = stretch;
  return pieceJob(origin, plan.id, {
    ...{ part, rank, needs: "io", recipe: audioRecipe(plan, stretch), costFactor: SOUND_COST },
    ...{ from: secondsOf(plan, [0, segments[0]]), seconds: secondsOf(plan, segments) },
    makes: [{ kind: "track", name: track }],
  });
}

export function secondsOf(plan: Plan, [from, until]: readonly [number, number]): number {
  return segmentDurations(plan)
    .slice(from, until)
    .reduce((sum, seconds) => sum + seconds, 0);
}

interface PieceOfWork extends Pick<JobSpec, "part" | "rank" | "needs" | "makes"> {
  recipe: Recipe;
  /** Seconds on the timeline. */
  from: number;
  seconds: number;
  costFactor: number;
}

function pieceJob(origin: Origin, planId: string, piece: PieceOfWork): JobSpec {
  const { part, rank, needs, recipe, makes, from, seconds, costFactor } = piece;
  const startMs = Math.round(from * SECOND);
  return {
    ...origin,
    ...{ kind: recipe.kind, version: planId, planId, part, rank, needs, recipe, makes },
    ...{ startMs, position: startMs, workMs: seconds * SECOND },
    cost: Math.max(seconds * costFactor, 0.1),
    hedgeOf: null,
    parents: [],
  };
}

function joinedJob(
  origin: Origin,
  plan: Plan,
  joined: Pick<JobSpec, "kind" | "part" | "makes" | "parents">,
): JobSpec {
  const seconds = secondsOf(plan, [0, plan.boundaries.length - 1]);
  return {
    ...origin,
    ...joined,
    ...{ version: plan.id, planId: plan.id, rank: RANK.after, needs: "io", startMs: 0, position: 0 },
    ...{ cost: SMALL_COST, workMs: seconds * SECOND, recipe: null, inputs: [], hedgeOf: null },
  };
}

function rungsMade(rungs: readonly string[]): Made[] {
  return rungs.map((name) => ({ kind: "rung", name }));
}
