/**
 * What a wait for a segment brings about, in one turn: the front of the film moves there, and unless the segment
 * is about to come anyway, something small that holds it goes ahead of everything but stills. Whoever stops
 * asking is forgotten after a while, and one film's viewers can ask for only so much in a minute.
 */
import { MINUTE, SECOND } from "../../config.ts";
import type { Plan } from "../../media/plan.ts";
import { countSegments } from "../../media/rectangles.ts";
import { RANK, type Job } from "../ledger/ledger-types.ts";
import { raiseJob } from "../ledger/ledger.ts";
import { isSmall, planAwaited, secondsOf } from "../plans/pieces.ts";
import { sameOrigin } from "../plans/plan.ts";
import { pieceOf } from "../plans/superseding.ts";
import { apply, enqueueJobs, type Turn } from "../turns.ts";
import type { FrontPace } from "./front-pace.ts";
import { reopenJob } from "../ledger/withdrawal.ts";

export interface AwaitedSegment {
  planId: string;
  track: string;
  segment: number;
}

/** Jobs that waits may add to one film in a minute: viewers are anonymous, and each costs a seek and a lease. */
const MOST_A_MINUTE = 8;
/** What will be committed within this is not made a second time. */
const SOON_MS = 4 * SECOND;

/** False where no open job will ever make it. */
export function hasten(turn: Turn, plan: Plan, wanted: AwaitedSegment, pace: FrontPace): boolean {
  const covering = turn.store.jobs
    .openOfPlan(plan.id)
    .filter((job) => covers(job, wanted.track, wanted.segment));
  const [planned] = covering;
  if (!planned) return false;
  moveFront(turn, plan, wanted.segment, pace);
  const soon = covering.filter((job) => isNear(job, turn.now));
  for (const job of soon) raise(turn, job);
  if (soon.length === 0) makeAwaited(turn, plan, planned, wanted);
  return true;
}

function covers({ recipe }: Job, track: string, segment: number): boolean {
  const piece = pieceOf(recipe);
  if (piece === null || !piece.tracks.includes(track)) return false;
  return piece.segments[0] <= segment && segment < piece.segments[1];
}

/** Small, or nearly done. What waits for its next attempt is neither. */
function isNear(job: Job, now: number): boolean {
  if (job.state === "committing") return true;
  if (job.state === "retry_wait") return false;
  if (isSmall(job)) return true;
  if (job.state !== "leased" || job.startedAt === null || job.fraction <= 0) return false;
  return ((now - job.startedAt) * (1 - job.fraction)) / job.fraction <= SOON_MS;
}

function raise(turn: Turn, job: Job): void {
  const asked = job.askedAt === null ? job : { ...job, askedAt: turn.now };
  apply(turn, job, raiseJob(asked, RANK.awaited) ?? asked);
}

function makeAwaited(turn: Turn, plan: Plan, planned: Job, { track, segment }: AwaitedSegment): void {
  const { store, now } = turn;
  if (store.films.countAsked(planned.fileId, now - MINUTE) >= MOST_A_MINUTE) return;
  const claimed = (at: number) => store.claims.find(plan.id, track, at) !== null;
  const spec = planAwaited(sameOrigin(planned), plan, track, segment, claimed);
  const known = store.jobs.findByKey(spec);
  const reopened = known && reopenJob(known, now);
  if (reopened) apply(turn, known, { ...reopened, askedAt: now });
  if (known) return;
  const [id] = enqueueJobs(turn, [{ ...spec, position: 0 }]);
  const job = id === undefined ? null : store.jobs.find(id);
  if (job) apply(turn, job, { ...job, askedAt: now });
}

/** The newest look counts: the rest is made from there on, and what lies before it last. */
function moveFront(turn: Turn, plan: Plan, segment: number, pace: FrontPace): void {
  const { files, films } = turn.store;
  const front = Math.round(secondsOf(plan, [0, segment]) * SECOND);
  if (files.front(plan.fileId) === front || !pace.take(plan.fileId, turn.now)) return;
  files.setFront(plan.fileId, front);
  const span = Math.round(secondsOf(plan, [0, countSegments(plan)]) * SECOND);
  films.moveFront(plan.id, plan.fileId, front, span);
}
