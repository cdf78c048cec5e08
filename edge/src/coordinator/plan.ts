/**
 * Which jobs a file needs, pure: the first ones from its row, the others from its inspection and plan. Called
 * by the coordinator when a file is enqueued and when its inspection commits; the same input always yields
 * the same keys, so doing it twice adds nothing.
 */
import type { AudioDownloadRecipe, InspectResult, Recipe } from "#protocol";
import { KIB, SECOND } from "../config.ts";
import type { FileRow } from "../catalog/files.ts";
import type { Plan } from "../media/plan.ts";
import { audioRecipe, videoRecipe } from "../media/recipes.ts";
import { planAudio, planRectangles, type Rectangle } from "../media/rectangles.ts";
import { segmentDurations } from "../media/timeline.ts";
import { RANK, type Job, type JobSpec, type Made } from "./ledger-types.ts";

/** The name under which an agent reads the original. */
export const ORIGINAL = "original";
/** Part of a job that is its file's only one of its kind and version. */
export const WHOLE = "all";
/** Raised when processors make something else of the same recipe. */
const PIPELINE = 1;
/** Bytes a second that inspecting, copying and stills get through on a slow line. */
const SLOW_LINE = 512 * KIB;
/** Cost of work that is not measured in seconds of picture. */
const SMALL_COST = 2;
/** Sound costs this part of what the same seconds of picture do. */
const AUDIO_COST = 0.1;
/** Begins the part of every rectangle made because somebody waits. */
const AWAITED = "wait.";
/** Segments in such a rectangle: enough to stay ahead of the viewer. */
const AWAITED_SEGMENTS = 3;

/** What a job takes over from the file, or from an earlier job of the same file. */
export type Origin = Pick<JobSpec, "fileId" | "owner" | "shard" | "sourceEtag" | "inputs">;

export function originOf(file: FileRow): Origin {
  return {
    fileId: file.id,
    owner: file.owner,
    shard: file.shard,
    sourceEtag: file.sha256 ?? file.objectKey,
    inputs: [{ name: ORIGINAL, key: file.objectKey, size: file.size }],
  };
}

/** For a further job of the same file. */
export function sameOrigin({ fileId, owner, shard, sourceEtag, inputs }: Job): Origin {
  return { fileId, owner, shard, sourceEtag, inputs };
}

/** Stills at once for pictures, an inspection for what plays, nothing for the rest. */
export function planFirst(file: FileRow): JobSpec | null {
  const pictures: Made[] = [single("thumbnail"), single("preview")];
  switch (file.kind) {
    case "image":
      return wholeJob(originOf(file), { kind: "image", animated: false }, RANK.stills, pictures);
    case "animation":
      return wholeJob(originOf(file), { kind: "image", animated: true }, RANK.stills, [
        ...pictures,
        single("mp4"),
      ]);
    case "video":
      return wholeJob(originOf(file), { kind: "inspect", media: "video" }, RANK.stills, [
        single("poster"),
        single("thumbnail"),
      ]);
    case "audio":
      return wholeJob(originOf(file), { kind: "inspect", media: "audio" }, RANK.stills, []);
    case "text":
    case "document":
    case "other":
      return null;
  }
}

/** Rectangles and stretches of a planned video, in the order in which a viewer wants them. */
export function planPieces(origin: Origin, plan: Plan): JobSpec[] {
  const video = planRectangles(plan).map((rectangle) =>
    rectangleJob(origin, plan, rectangle, rectangle.head ? RANK.head : RANK.rest),
  );
  const audio = planAudio(plan).map((stretch) =>
    pieceJob(origin, plan, {
      part: stretch.part,
      rank: stretch.segments[0] === 0 ? RANK.head : RANK.rest,
      recipe: audioRecipe(plan, stretch),
      seconds: secondsOf(plan, stretch.segments),
      costFactor: AUDIO_COST,
      from: stretch.segments[0],
      makes: [{ kind: "track", name: stretch.track }],
    }),
  );
  return [...video, ...audio];
}

/** The download, once all pieces are there; its own recipe follows from what they committed. */
export function planMp4(origin: Origin, plan: Plan, parents: string[]): JobSpec {
  const seconds = secondsOf(plan, [0, plan.boundaries.length - 1]);
  return {
    ...origin,
    kind: "mp4",
    version: plan.id,
    part: WHOLE,
    planId: plan.id,
    rank: RANK.after,
    position: 0,
    cost: SMALL_COST,
    workMs: seconds * SECOND,
    recipe: null,
    inputs: [],
    makes: [single("mp4")],
    parents,
  };
}

/** For a file of sound that browsers do not play. Null where they do, or where there is no sound. */
export function planDownload(origin: Origin, inspection: InspectResult): JobSpec | null {
  const track = inspection.audio[0];
  if (!track || isWebPlayable(inspection.container, track.codec)) return null;
  const recipe: AudioDownloadRecipe = {
    kind: "audio",
    purpose: "download",
    stream: track.stream,
    mode: track.copyable ? "copy" : "encode",
  };
  const job = wholeJob(origin, recipe, RANK.rest, [single("m4a")]);
  return { ...job, workMs: Math.max(job.workMs, inspection.duration * SECOND) };
}

/** A small rectangle of one rung from that segment on, since somebody waits for it. */
export function planAwaited(
  origin: Origin,
  plan: Plan,
  rung: string,
  segment: number,
  until: number,
): JobSpec {
  const segments: [number, number] = [segment, Math.min(segment + AWAITED_SEGMENTS, until)];
  const part = `${AWAITED}${rung}.${segments.join("-")}`;
  return rectangleJob(origin, plan, { part, segments, rungs: [rung], head: false }, RANK.awaited);
}

/** Made because somebody waited; the planned rectangles cover the same segments. */
export function isAwaited(job: Pick<Job, "part">): boolean {
  return job.part.startsWith(AWAITED);
}

/** Small enough that whoever waits for one of its segments need not ask for a smaller one. */
export function isSmall(segments: readonly [number, number]): boolean {
  return segments[1] - segments[0] <= AWAITED_SEGMENTS;
}

/** By what ffprobe calls container and codec. */
export function isWebPlayable(container: string, codec: string): boolean {
  const names = container.split(",");
  const holds = (...some: string[]) => names.some((name) => some.includes(name));
  if (holds("mp3")) return codec === "mp3";
  if (holds("mov", "mp4", "m4a")) return codec === "aac" || codec === "mp3";
  if (holds("ogg")) return codec === "opus" || codec === "vorbis" || codec === "flac";
  if (holds("matroska", "webm")) return holds("webm") && (codec === "opus" || codec === "vorbis");
  if (holds("flac")) return codec === "flac";
  if (holds("aac")) return codec === "aac";
  return holds("wav") && ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"].includes(codec);
}

/** Names the recipe: FNV-1a of what it says. Only told apart, never trusted. */
export function recipeVersion(recipe: Recipe): string {
  let hash = 0x811c9dc5;
  for (const letter of `${PIPELINE} ${JSON.stringify(recipe)}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

function single(kind: Made["kind"]): Made {
  return { kind, name: kind };
}

function wholeJob(origin: Origin, recipe: Recipe, rank: number, makes: Made[]): JobSpec {
  const bytes = origin.inputs.reduce((sum, input) => sum + input.size, 0);
  return {
    ...origin,
    kind: recipe.kind,
    version: recipeVersion(recipe),
    part: WHOLE,
    planId: null,
    rank,
    position: 0,
    cost: SMALL_COST,
    workMs: (bytes / SLOW_LINE) * SECOND,
    recipe,
    makes,
    parents: [],
  };
}

function rectangleJob(origin: Origin, plan: Plan, rectangle: Rectangle, rank: number): JobSpec {
  return pieceJob(origin, plan, {
    part: rectangle.part,
    rank,
    recipe: videoRecipe(plan, rectangle),
    seconds: secondsOf(plan, rectangle.segments),
    costFactor: rectangle.rungs.length,
    from: rectangle.segments[0],
    makes: rectangle.rungs.map((name) => ({ kind: "rung", name })),
  });
}

interface PieceOfWork {
  part: string;
  rank: number;
  recipe: Recipe;
  seconds: number;
  costFactor: number;
  /** Segment. */
  from: number;
  makes: Made[];
}

function pieceJob(origin: Origin, plan: Plan, piece: PieceOfWork): JobSpec {
  return {
    ...origin,
    kind: piece.recipe.kind,
    version: plan.id,
    part: piece.part,
    planId: plan.id,
    rank: piece.rank,
    position: Math.round(secondsOf(plan, [0, piece.from]) * SECOND),
    cost: Math.max(piece.seconds * piece.costFactor, 0.1),
    workMs: piece.seconds * SECOND,
    recipe: piece.recipe,
    makes: piece.makes,
    parents: [],
  };
}

function secondsOf(plan: Plan, [from, until]: readonly [number, number]): number {
  return segmentDurations(plan)
    .slice(from, until)
    .reduce((sum, seconds) => sum + seconds, 0);
}
