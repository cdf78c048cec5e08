/**
 * What a commit makes needless: rectangles and stretches all of whose segments have an owner now, and the other
 * one of a job and its hedge. Part of the turn that commits.
 */
import type { Recipe } from "#protocol";
import type { Job } from "../ledger/ledger-types.ts";
import { apply, type Turn } from "../turns.ts";
import { supersedeJob } from "../ledger/withdrawal.ts";

export interface Piece {
  tracks: string[];
  segments: readonly [number, number];
}

/** Which segments of which rungs or tracks a recipe makes; null where it makes none. */
export function pieceOf(recipe: Recipe | null): Piece | null {
  if (recipe?.kind === "video") {
    return { tracks: recipe.rungs.map(({ name }) => name), segments: recipe.segments };
  }
  if (recipe?.kind !== "audio" || recipe.purpose !== "track") return null;
  return { tracks: [recipe.name], segments: recipe.segments };
}

export function dropSuperseded(turn: Turn, done: Job): void {
  const { planId, fileId } = done;
  const made = pieceOf(done.recipe);
  if (planId === null || made === null) return;
  dropTwin(turn, done);
  const { jobs, claims } = turn.store;
  for (const job of jobs.unmadeOf(fileId, planId)) {
    const piece = pieceOf(job.recipe);
    if (piece === null || !overlap(piece, made)) continue;
    const owned = piece.tracks.every((track) => claims.ownsAll(planId, track, piece.segments));
    if (owned) apply(turn, job, supersedeJob(job, turn.now));
  }
}

/** A hedge makes the same, so where the film ends early neither would make more than the other. */
function dropTwin(turn: Turn, { id, hedgeOf }: Job): void {
  const { jobs } = turn.store;
  const twin = hedgeOf === null ? jobs.hedgeOf(id) : jobs.find(hedgeOf);
  if (twin) apply(turn, twin, supersedeJob(twin, turn.now));
}

function overlap(one: Piece, other: Piece): boolean {
  const [from, until] = one.segments;
  const shared = one.tracks.some((track) => other.tracks.includes(track));
  return shared && from < other.segments[1] && other.segments[0] < until;
}
