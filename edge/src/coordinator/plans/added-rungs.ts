/**
 * Rungs that somebody asked for when the plan was frozen already: jobs of their own, on the plan's boundaries.
 * Of a film that was forgotten here the catalogue tells plan and segments once more, so that nothing is made a
 * second time. Asking twice adds nothing. Called by `coordinator.ts`, for the door and for the sweeps.
 */
import { awaitRungs } from "../../catalog/added-rungs.ts";
import { findFile, type FileRow } from "../../catalog/files.ts";
import { loadPlan } from "../../catalog/plans.ts";
import { listRectangles, type RectangleRow } from "../../catalog/rectangles.ts";
import type { Plan, PlannedRung } from "../../media/plan.ts";
import { countSegments } from "../../media/rectangles.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import { dispatch } from "../grants/dispatch.ts";
import type { LedgerStore } from "../store/ledger-store.ts";
import { isOpen } from "../ledger/ledger-types.ts";
import { planRung } from "./pieces.ts";
import { originOf } from "./plan.ts";
import { inTurn, type Pool } from "../pool.ts";
import { enqueueJobs, type Turn } from "../turns.ts";

/** Whether any is in the making now. */
export async function addRungs(pool: Pool, fileId: string, now: number): Promise<boolean> {
  const file = await findFile(pool.db, fileId);
  const plan = file?.planId && file.state === "stored" ? await loadPlan(pool.db, file.planId) : null;
  const added = plan?.rungs.filter((rung) => rung.added === true) ?? [];
  if (!file || plan === null || added.length === 0) return false;
  const rows = pool.store.files.planOf(fileId) === null ? await listRectangles(pool.db, plan.id) : [];
  const open = inTurn(pool, now, (turn) => addTurn(turn, file, plan, added, rows));
  if (open.length === 0) return false;
  const names = open.map(({ name }) => name);
  await Promise.all([dispatch(pool, now), awaitRungs(pool.db, fileId, names, now)]);
  return true;
}

/** Those of which a job is open. `rows`: what is committed, of a film that is not known here. */
function addTurn(
  turn: Turn,
  file: FileRow,
  plan: Plan,
  added: readonly PlannedRung[],
  rows: readonly RectangleRow[],
): PlannedRung[] {
  const { files, claims, jobs } = turn.store;
  if (files.isCancelled(file.id)) return [];
  if (files.planOf(file.id) === null) restore(turn, plan, rows);
  // It was planned anew, and the catalogue is about to hear of it.
  if (files.planOf(file.id)?.id !== plan.id) return [];
  files.setAdded(file.id, added);
  const unmade = added.filter(({ name }) => claims.ofTrack(plan.id, name).length < countSegments(plan));
  return unmade.filter((rung) => {
    const ids = enqueueJobs(turn, planRung(originOf(file), plan, rung));
    return ids.some((id) => isOpen(jobs.find(id)?.state ?? "done"));
  });
}

function restore({ store, now }: Turn, plan: Plan, rows: readonly RectangleRow[]): void {
  store.files.touch(plan.fileId, now);
  store.files.setPlan(plan.fileId, plan);
  store.files.markPlanSaved(plan.fileId);
  store.claims.claim(claimsOfRows(plan, rows));
}

/** The catalogue does not know a segment's frames: the film's are shared out by duration. */
function claimsOfRows(plan: Plan, rows: readonly RectangleRow[]): SegmentClaim[] {
  const start = plan.boundaries[0] ?? 0;
  const ticks = (plan.boundaries.at(-1) ?? start) - start;
  const framesBefore = (segment: number) =>
    Math.round((plan.frames * ((plan.boundaries[segment] ?? start) - start)) / Math.max(1, ticks));
  return rows.flatMap((row) => {
    const { planId, track, jobId, objectKey, size, etag, initOffset, initLength, codecs } = row;
    const common = { planId, track, jobId, objectKey, size, etag, initOffset, initLength, codecs };
    return row.segments.map(([segment, offset, length, at, duration]) => ({
      ...common,
      ...{ segment, offset, length, start: at, duration },
      frames: framesBefore(segment + 1) - framesBefore(segment),
    }));
  });
}

/** Known by its plan alone: nobody here has looked at the file. */
export function isRestored({ files, jobs }: LedgerStore, fileId: string): boolean {
  return files.planOf(fileId) !== null && jobs.ofKind(fileId, ["inspect"]).length === 0;
}

/** An object of it is gone that no job here made: it begins anew with the next sweep. */
export function forgetRestored({ store }: Turn, fileId: string): void {
  if (isRestored(store, fileId)) store.retention.forgetFile(fileId);
}
