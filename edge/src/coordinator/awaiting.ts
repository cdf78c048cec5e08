/**
 * Somebody waits for a segment or a plan. A segment that nobody is making soon becomes a small rectangle of
 * its own, ahead of everything but stills. The answer comes from the claims the moment it is committed,
 * before the catalogue hears of it.
 */
import type { SegmentLocation } from "../catalog/rectangles.ts";
import { SECOND } from "../config.ts";
import type { Plan } from "../media/plan.ts";
import { countSegments } from "../media/rectangles.ts";
import type { SegmentClaim } from "./claim-store.ts";
import { dispatch } from "./dispatch.ts";
import { RANK, type Job } from "./ledger-types.ts";
import { raiseJob } from "./ledger.ts";
import { isSmall, planAwaited, sameOrigin } from "./plan.ts";
import { inTurn, type Pool } from "./pool.ts";
import { apply, enqueueJobs, type Turn } from "./turns.ts";
import { topics } from "./waiters.ts";

/** A player gives up on a first byte after 10 s. */
const MAX_WAIT_MS = 8 * SECOND;

export interface AwaitedSegment {
  planId: string;
  track: string;
  segment: number;
}

export async function awaitSegment(
  pool: Pool,
  wanted: AwaitedSegment,
  waitMs: number,
  viewer: string | undefined,
  now: number,
): Promise<SegmentLocation | null> {
  const { planId, track, segment } = wanted;
  const find = () => locationOf(pool.store.claims.find(planId, track, segment));
  const known = find();
  const plan = pool.store.files.plan(planId);
  if (known || !plan || segment < 0 || segment >= countSegments(plan)) return known;
  const coming = inTurn(pool, now, (turn) => hasten(turn, plan, wanted));
  if (!coming) return null;
  const ms = Math.min(waitMs, MAX_WAIT_MS);
  const newest = viewer === undefined ? undefined : `${viewer} ${track}`;
  const waiting = pool.waiters.wait(topics.segment(planId, track, segment), plan.fileId, ms, newest);
  await dispatch(pool, now);
  await waiting;
  return find();
}

/** The id of the file's plan, once the catalogue has it. */
export async function awaitPlan(pool: Pool, fileId: string, waitMs: number): Promise<string | null> {
  const known = pool.store.files.savedPlanOf(fileId);
  if (known !== null) return known;
  await pool.waiters.wait(topics.plan(fileId), fileId, Math.min(waitMs, MAX_WAIT_MS));
  return pool.store.files.savedPlanOf(fileId);
}

/** False where no open job will ever make it. */
function hasten(turn: Turn, plan: Plan, { track, segment }: AwaitedSegment): boolean {
  const covering = turn.store.jobs.openOfPlan(plan.id).filter((job) => covers(job, track, segment));
  if (covering.length === 0) return false;
  const soon = covering.filter((job) => job.recipe?.kind !== "video" || isSmall(job.recipe.segments));
  for (const job of soon) apply(turn, job, raiseJob(job, RANK.awaited));
  const [planned] = covering;
  if (soon.length === 0 && planned) {
    const until = firstClaimed(turn, plan, track, segment);
    enqueueJobs(turn, [planAwaited(sameOrigin(planned), plan, track, segment, until)]);
  }
  return true;
}

function covers({ recipe }: Job, track: string, segment: number): boolean {
  if (recipe?.kind === "video") {
    return recipe.rungs.some(({ name }) => name === track) && isWithin(recipe.segments, segment);
  }
  if (recipe?.kind !== "audio" || recipe.purpose !== "track") return false;
  return recipe.name === track && isWithin(recipe.segments, segment);
}

function isWithin([from, until]: readonly [number, number], segment: number): boolean {
  return from <= segment && segment < until;
}

/** Where the stretch that nobody owns ends. */
function firstClaimed(turn: Turn, plan: Plan, track: string, from: number): number {
  const claimed = turn.store.claims.ofTrack(plan.id, track).map(({ segment }) => segment);
  return Math.min(countSegments(plan), ...claimed.filter((segment) => segment > from));
}

function locationOf(claim: SegmentClaim | null): SegmentLocation | null {
  if (!claim) return null;
  const { objectKey, offset, length, codecs, initOffset, initLength } = claim;
  return { objectKey, offset, length, init: [initOffset, initLength], codecs };
}
