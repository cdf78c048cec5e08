/**
 * The turns of the ledger: each function runs from start to end without waiting for anything, so nothing can
 * come between what it reads and what it writes. A turn loads rows, asks `ledger.ts` and saves, and here all
 * that follows from a job's new state happens with it: children, the word for the catalogue, watchers.
 */
import { dueOf } from "./ledger/due.ts";
import type { LedgerStore } from "./store/ledger-store.ts";
import { isFinished, isGivenUp, isOpen, type Job, type JobSpec } from "./ledger/ledger-types.ts";
import { ageJob, expireJob, newJob, unblockJob, wakeJob } from "./ledger/ledger.ts";
import { redriveJob, remakeJob, reviveJob } from "./ledger/revival.ts";
import type { Step } from "./figures/tally.ts";
import { cancelJob, lapseJob, orphanJob } from "./ledger/withdrawal.ts";

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
  /** What changed its state, for metrics. */
  steps: Step[];
  /** The earliest time at which something that it wrote has to be looked at again. */
  due: number;
}

export function openTurn(parts: Pick<Turn, "store" | "now" | "random" | "newId">): Turn {
  return { ...parts, changed: new Set(), taken: [], steps: [], due: Infinity };
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
    const job = newJob(spec, id, !parents.every(isFinished), now);
    if (!store.jobs.insert(job, spec.parents)) continue;
    ids.push(id);
    awaitTime(turn, dueOf(job));
    touch(turn, spec.fileId);
    const dead = parents.find((parent) => !isOpen(parent.state) && !isFinished(parent));
    if (dead) apply(turn, job, orphanJob(job, dead.error ?? UNKNOWN, now));
  }
  return ids;
}

/** Saves the row and does what follows. A null step changes nothing and answers false. */
export function apply(turn: Turn, before: Job, after: Job | null): boolean {
  if (after === null) return false;
  const { store } = turn;
  store.jobs.save(after, before);
  awaitTime(turn, dueOf(after));
  if (after.state !== before.state || after.fraction !== before.fraction) touch(turn, after.fileId);
  if (after.state === before.state) return true;
  countLoss(turn, before, after);
  turn.steps.push([before, after]);
  if (before.state === "leased" && after.state === "cancelled") {
    turn.taken.push({ job: before, reason: after.error?.message ?? "It is not wanted any more." });
  }
  if (isOpen(after.state)) return true;
  if (isFinished(after)) releaseChildren(turn, after);
  else orphanChildren(turn, after);
  if (isFinished(after) || isGivenUp(after)) {
    awaitTime(turn, store.outbox.add(after.fileId, after.id, turn.now));
  }
  store.wishes.dropJob(after.id);
  return true;
}

/** The alarm's part: ageing, leases that ran out, waits that are over. Answers how many leases ended. */
export function passTime(turn: Turn, limit: number): number {
  const { store, now, random } = turn;
  for (const job of store.queue.ageing(now, limit)) apply(turn, job, ageJob(job, now));
  for (const job of store.queue.awake(now, "retry_wait", limit)) apply(turn, job, wakeJob(job, now));
  for (const job of store.films.lapsing(now, limit)) apply(turn, job, lapseJob(job, now));
  const expired = store.queue.expired(now, limit);
  for (const job of expired) {
    if (apply(turn, job, expireJob(job, now, random))) turn.taken.push({ job, reason: "The lease ran out." });
  }
  return expired.length;
}

/** The file is deleted: nothing of it goes on, and late words bring nothing back. */
export function cancelTurn(turn: Turn, fileId: string): void {
  const { store, now } = turn;
  // Before its plan is, by which some of them are known.
  store.claims.dropFile(fileId);
  store.files.cancel(fileId, now);
  for (const job of store.jobs.ofFile(fileId)) apply(turn, job, cancelJob(job, now));
  store.outbox.dropFile(fileId);
  touch(turn, fileId);
}

/** dead → ready, or what the operator had cancelled, and the children that went with it wait again. */
export function redriveTurn(turn: Turn, jobId: string): boolean {
  const { store, now } = turn;
  const job = store.jobs.find(jobId);
  if (!job || store.files.isCancelled(job.fileId)) return false;
  if (!apply(turn, job, redriveJob(job, now, store.jobs.hasOpenParent(jobId)))) return false;
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
      for (const key of missing) store.claims.dropObject(job.id, key);
      return apply(turn, job, remakeJob(job, missing, now));
    })
    .map(({ id }) => id);
}

const UNKNOWN = { code: "lost", message: "An earlier step failed." } as const;

function awaitTime(turn: Turn, at: number | null): void {
  if (at !== null && at < turn.due) turn.due = at;
}

function touch(turn: Turn, fileId: string): void {
  if (!turn.changed.has(fileId)) turn.store.files.touch(fileId, turn.now);
  turn.changed.add(fileId);
}

/** A return undoes it. What a redrive resets stays counted. */
function countLoss({ store, now }: Turn, before: Job, after: Job): void {
  const lost = after.losses - before.losses;
  const held = before.state === "leased" || after.state === "leased";
  if (!held || lost === 0 || before.agentId === null) return;
  store.agents.countLosses(before.agentId, lost);
  if (lost > 0) store.absences.begin(before.agentId, now);
}

/** A child that had died of it waits again: what it made is there after all. */
function releaseChildren(turn: Turn, parent: Job): void {
  for (const child of turn.store.jobs.childrenOf(parent.id)) {
    if (turn.store.jobs.hasUnfinishedParent(child.id)) continue;
    const blocked = reviveJob(child) ?? child;
    apply(turn, child, unblockJob(blocked, turn.now));
  }
}

function orphanChildren(turn: Turn, parent: Job): void {
  const error = parent.error;
  if (error === null) return;
  for (const child of turn.store.jobs.childrenOf(parent.id)) {
    apply(turn, child, orphanJob(child, error, turn.now));
  }
}
