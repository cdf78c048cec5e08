/**
 * Somebody waits for a segment or a plan. What that brings about stands in `hastening.ts`; the answer comes
 * from the claims the moment the segment is committed, before the catalogue hears of it.
 */
import type { SegmentLocation } from "../../catalog/rectangles.ts";
import { SECOND } from "../../config.ts";
import { countSegments } from "../../media/rectangles.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import { dispatch } from "../grants/dispatch.ts";
import { hasten, type AwaitedSegment } from "./hastening.ts";
import { inTurn, type Pool } from "../pool.ts";
import { topics } from "./waiters.ts";

/** A player gives up on a first byte after 10 s. */
const MAX_WAIT_MS = 8 * SECOND;

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
  const coming = inTurn(pool, now, (turn) => hasten(turn, plan, wanted, pool.fronts));
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

function locationOf(claim: SegmentClaim | null): SegmentLocation | null {
  if (!claim) return null;
  const { objectKey, offset, length, codecs, initOffset, initLength } = claim;
  return { objectKey, offset, length, init: [initOffset, initLength], codecs };
}
