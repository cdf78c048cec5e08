/**
 * The turns of the ledger: each function runs from start to end without waiting for anything, so nothing can
 * come between what it reads and what it writes. A turn loads rows, asks `ledger.ts` and saves, and here all
 * that follows from a job's new state happens with it: children, the word for the catalogue, watchers.
 */
import type { InspectResult } from "#protocol";
import type { Plan } from "../media/plan.ts";
import { claimsOf, type SegmentClaim } from "./claim-store.ts";
import type { LedgerStore } from "./ledger-store.ts";
import { isOpen, type Job, type JobSpec, type StoredObject } from "./ledger-types.ts";
import {
  ageJob,
  cancelJob,
  commitJob,
  expireJob,
  newJob,
  orphanJob,
  redriveJob,
  remakeJob,
  reviveJob,
  unblockJob,
  wakeJob,
} from "./ledger.ts";
import { isAwaited, planDownload, planMp4, planPieces, sameOrigin } from "./plan.ts";

export interface Turn {
  store: LedgerStore;
  now: number;
  /** 0 … 1 */
  random: () => number;
  newId: (now: number) => string;
  /** Files that changed; whoever watches them hears of it once the turn is over. */
  changed: Set<string>;
  /** Leases taken from agents that do not know it yet. */
  taken: { job: Job; reason: string }[];
}

/** Adds what is not there yet; answers the ids of all, those that were there included. */
export function enqueueJobs(turn: Turn, specs: readonly JobSpec[], firstId?: string): string[] {
  const { store, now } = turn;
  const ids: string[] = [];
  for (const spec of specs) {
    if (store.files.isCancelled(spec.fileId)) continue;
    const known = store.jobs.findByKey(spec);
    if (known) {
      ids.push(known.id);
      continue;
    }
    const parents = spec.parents.map((id) => store.jobs.find(id)).filter((job) => job !== null);
    const id = ids.length === 0 && firstId !== undefined ? firstId : turn.newId(now);
    const job = newJob(
      spec,
      id,
      parents.some(({ state }) => state !== "done"),
      now,
    );
    if (!store.jobs.insert(job, spec.parents)) continue;
    ids.push(id);
    touch(turn, spec.fileId);
    const dead = parents.find(({ state }) => state === "dead" || state === "cancelled");
    if (dead) apply(turn, job, orphanJob(job, dead.error ?? UNKNOWN, now));
  }
  return ids;
}

/** Saves the row and does what follows. A null step changes nothing and answers false. */
export function apply(turn: Turn, before: Job, after: Job | null): boolean {
  if (after === null) return false;
  const { store } = turn;
  store.jobs.save(after);
  if (after.state !== before.state || after.fraction !== before.fraction) touch(turn, after.fileId);
  if (after.state === before.state) return true;
  if (before.state === "leased" && after.state === "cancelled") {
    turn.taken.push({ job: before, reason: after.error?.message ?? "It is not wanted any more." });
  }
  if (after.state === "done") releaseChildren(turn, after);
  if (after.state === "dead" || after.state === "cancelled") orphanChildren(turn, after);
  const tells = after.state === "done" || after.state === "dead" || after.error?.code === "parent_failed";
  if (tells && !isOpen(after.state)) store.outbox.add(after.fileId, after.id, turn.now);
  if (!isOpen(after.state)) store.wishes.dropJob(after.id);
  return true;
}

/** The alarm's part: ageing, leases that ran out, waits that are over. Answers how many leases ended. */
export function passTime(turn: Turn, limit: number): number {
  const { store, now, random } = turn;
  for (const job of store.queue.ageing(now, limit)) apply(turn, job, ageJob(job, now));
  for (const job of store.queue.awake(now, "retry_wait", limit)) apply(turn, job, wakeJob(job, now));
  const expired = store.queue.expired(now, limit);
  for (const job of expired) {
    if (apply(turn, job, expireJob(job, now, random))) turn.taken.push({ job, reason: "The lease ran out." });
  }
  return expired.length;
}

/** What a verified job made. */
export interface Committed {
  objects: StoredObject[];
  /** Of an inspection. */
  plan: Plan | null;
}

/**
 * committing → done, in one turn with its claims, the jobs that follow and the word for the catalogue. The
 * caller has waited for the storage since it read the job, so state and epoch are looked at once more.
 */
export function commitTurn(turn: Turn, jobId: string, epoch: number, made: Committed): Job | null {
  const { store, now } = turn;
  const job = store.jobs.find(jobId);
  if (!job || job.epoch !== epoch) return null;
  const done = commitJob(job, made.objects, now);
  if (!done) return null;
  store.claims.claim(claimsFor(turn, done));
  apply(turn, job, done);
  dropSuperseded(turn, done);
  const result = done.manifest?.result;
  if (result?.kind === "inspect") planFurther(turn, done, result, made.plan);
  return done;
}

/** The file is deleted: nothing of it goes on, and late words bring nothing back. */
export function cancelTurn(turn: Turn, fileId: string): void {
  const { store, now } = turn;
  const planId = store.files.planOf(fileId)?.id;
  store.files.cancel(fileId, now);
  for (const job of store.jobs.ofFile(fileId)) apply(turn, job, cancelJob(job, now));
  store.outbox.dropFile(fileId);
  if (planId !== undefined) store.claims.dropPlan(planId);
  touch(turn, fileId);
}

/** dead → ready, and the children that died of it wait again. */
export function redriveTurn(turn: Turn, jobId: string): boolean {
  const { store, now } = turn;
  const job = store.jobs.find(jobId);
  if (!job || !apply(turn, job, redriveJob(job, now))) return false;
  for (const child of store.jobs.childrenOf(jobId)) apply(turn, child, reviveJob(child));
  return true;
}

/** done → ready for jobs whose objects are gone from the storage; their segments are free again. */
export function remakeTurn(turn: Turn, fileId: string, missing: ReadonlySet<string>): string[] {
  const { store, now } = turn;
  if (store.files.isCancelled(fileId)) return [];
  const hit = store.jobs.ofFile(fileId).filter(({ objects }) => objects.some(({ key }) => missing.has(key)));
  return hit
    .filter((job) => {
      store.claims.dropJob(job.id);
      return apply(turn, job, remakeJob(job, now));
    })
    .map(({ id }) => id);
}

const UNKNOWN = { code: "lost", message: "An earlier step failed." } as const;

function touch(turn: Turn, fileId: string): void {
  if (!turn.changed.has(fileId)) turn.store.files.touch(fileId, turn.now);
  turn.changed.add(fileId);
}

function releaseChildren(turn: Turn, parent: Job): void {
  for (const child of turn.store.jobs.childrenOf(parent.id)) {
    const open = turn.store.jobs.hasUnfinishedParent(child.id);
    if (!open) apply(turn, child, unblockJob(child, turn.now));
  }
}

function orphanChildren(turn: Turn, parent: Job): void {
  const error = parent.error;
  if (error === null) return;
  for (const child of turn.store.jobs.childrenOf(parent.id)) {
    apply(turn, child, orphanJob(child, error, turn.now));
  }
}

function claimsFor(turn: Turn, job: Job): SegmentClaim[] {
  const { planId } = job;
  const plan = planId === null ? null : turn.store.files.plan(planId);
  const result = job.manifest?.result;
  if (!plan || planId === null || !result) return [];
  const tracks = result.kind === "video" ? result.rungs : result.kind === "audio" ? [result.track] : [];
  return tracks.flatMap((track) => {
    const object = job.objects.find(({ name }) => name === track?.object);
    return track && object ? claimsOf(track, object, { id: job.id, planId }, plan.timescale) : [];
  });
}

/** A small rectangle made because somebody waited is no longer wanted once others own all its segments. */
function dropSuperseded(turn: Turn, { planId }: Job): void {
  if (planId === null) return;
  const { jobs, claims } = turn.store;
  for (const job of jobs.openOfPlan(planId).filter(isAwaited)) {
    const { recipe } = job;
    if (recipe?.kind !== "video" || job.state === "committing") continue;
    const owned = recipe.rungs.every(({ name }) => claims.ownsAll(planId, name, recipe.segments));
    if (owned) apply(turn, job, cancelJob(job, turn.now));
  }
}

function planFurther(turn: Turn, inspection: Job, result: InspectResult, plan: Plan | null): void {
  const origin = sameOrigin(inspection);
  if (plan === null) {
    const download = result.video === null ? planDownload(origin, result) : null;
    if (download) enqueueJobs(turn, [download]);
    return;
  }
  turn.store.files.setPlan(inspection.fileId, plan);
  const pieces = enqueueJobs(turn, planPieces(origin, plan));
  enqueueJobs(turn, [planMp4(origin, plan, pieces)]);
}
