/**
 * What becomes of a rectangle or stretch at the moment of its grant: what others own by now is left out, and
 * where several slots share what is left of the film it is cut, so that they fall idle together. The row is changed
 * in the turn that grants it, never later: an agent's recipe is what the row says. Called by `dispatch.ts`.
 */
import { SECOND } from "../../config.ts";
import type { Plan } from "../../media/plan.ts";
import type { Rectangle } from "../../media/rectangles.ts";
import { splitRectangle, trimRectangle } from "../../media/reshape.ts";
import { RANK, type Job, type JobSpec } from "../ledger/ledger-types.ts";
import { isExtra, rectangleJob, rectangleOf, stretchJob } from "../plans/pieces.ts";
import { sameOrigin } from "../plans/plan.ts";
import { pieceOf } from "../plans/superseding.ts";
import { enqueueJobs, type Turn } from "../turns.ts";

/** The job as it is to be granted; null where nothing is left of it. `slots` share what is left of the film. */
export function reshape(turn: Turn, job: Job, slots: number): Job | null {
  const plan = job.planId === null ? null : turn.store.files.planOf(job.fileId);
  if (!plan || plan.id !== job.planId) return job;
  const trimmed = trim(turn, plan, job);
  return trimmed && split(turn, plan, trimmed, slots);
}

function trim(turn: Turn, plan: Plan, job: Job): Job | null {
  const piece = pieceOf(job.recipe);
  if (piece === null || job.recipe === null) return job;
  const { claims } = turn.store;
  const [from, until] = piece.segments;
  const whole: Rectangle = { part: job.part, segments: [from, until], rungs: piece.tracks };
  const left = trimRectangle(whole, (track, segment) => claims.find(plan.id, track, segment) !== null);
  if (left === null) return null;
  const same = left.rungs.length === whole.rungs.length && isSame(left.segments, whole.segments);
  if (same) return job;
  const [track = ""] = left.rungs;
  const spec =
    job.recipe.kind === "video"
      ? rectangleJob(sameOrigin(job), plan, left, job.rank)
      : stretchJob(sameOrigin(job), plan, { part: job.part, track, segments: left.segments }, job.rank);
  return reshaped(job, spec);
}

/** The second part becomes a job of its own, which all that waited for the first waits for too. */
function split(turn: Turn, plan: Plan, job: Job, slots: number): Job {
  const { recipe } = job;
  if (recipe?.kind !== "video" || job.rank !== RANK.rest || isExtra(job)) return job;
  const remaining = turn.store.films.unbegunMs(job.fileId, plan.id) / SECOND;
  const [now, rest] = splitRectangle(plan, rectangleOf(job, recipe), slots, remaining);
  if (rest === undefined) return job;
  const spec = rectangleJob(sameOrigin(job), plan, rest, job.rank);
  if (turn.store.jobs.findByKey(spec) !== null) return job;
  const [added] = enqueueJobs(turn, [{ ...spec, position: job.position + spec.startMs - job.startMs }]);
  if (added === undefined) return job;
  for (const child of turn.store.jobs.childrenOf(job.id)) turn.store.jobs.addParent(child.id, added);
  return reshaped(job, rectangleJob(sameOrigin(job), plan, now, job.rank));
}

/** The same job of less. */
function reshaped(job: Job, { recipe, makes, cost, workMs, startMs }: JobSpec): Job {
  const position = Math.max(0, job.position + startMs - job.startMs);
  return { ...job, recipe, makes, cost, workMs, startMs, position };
}

function isSame(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
