/**
 * What people do to jobs: cancel, retry at once, redrive; one job, or all of a file that has failed. Each is one
 * turn. Where a file is to be worked on again the catalogue hears of it first, so that its word cannot overtake the
 * end of that work. Called by `coordinator.ts`.
 */
import { settleFile } from "../../catalog/files.ts";
import { markRenditions } from "../../catalog/renditions.ts";
import { dispatch } from "../grants/dispatch.ts";
import { isGivenUp, type Job } from "../ledger/ledger-types.ts";
import { redriveJob } from "../ledger/revival.ts";
import { inTurn, log, type Pool } from "../pool.ts";
import { publishDue } from "../results/publish.ts";
import { apply, redriveTurn, type Turn } from "../turns.ts";
import { hurryJob, stopJob } from "./orders.ts";

export type JobStep = "cancel" | "retry" | "redrive";

/** False where the step does not belong to the job's state, or where there is no such job. */
export async function stepJob(pool: Pool, id: string, step: JobStep, now: number): Promise<boolean> {
  const job = pool.store.jobs.find(id);
  if (!job) return false;
  if (step === "redrive") await reopen(pool, job.fileId, [job], now);
  const stepped = inTurn(pool, now, (turn) => takeStep(turn, id, step));
  if (!stepped) return false;
  log(pool, "info", "job stepped", { job: id, step });
  await dispatch(pool, now);
  if (step === "cancel") await publishDue(pool, now);
  return true;
}

/** What is dead, and what waits for its next attempt; answers how many jobs go on. */
export async function retryFile(pool: Pool, fileId: string, now: number): Promise<number> {
  const jobs = pool.store.jobs.ofFile(fileId);
  const dead = jobs.filter(({ state }) => state === "dead");
  const late = jobs.filter(({ state }) => state === "retry_wait");
  await reopen(pool, fileId, dead, now);
  const retried = inTurn(pool, now, (turn) => [
    ...dead.map(({ id }) => takeStep(turn, id, "redrive")),
    ...late.map(({ id }) => takeStep(turn, id, "retry")),
  ]);
  await dispatch(pool, now);
  return retried.filter(Boolean).length;
}

function takeStep(turn: Turn, id: string, step: JobStep): boolean {
  const job = turn.store.jobs.find(id);
  if (!job) return false;
  switch (step) {
    case "cancel":
      return apply(turn, job, stopJob(job, turn.now));
    case "retry":
      return apply(turn, job, hurryJob(job, turn.now));
    case "redrive":
      return redriveTurn(turn, id);
  }
}

/** What these jobs and those that went with them were to make is waited for again. */
async function reopen(pool: Pool, fileId: string, jobs: readonly Job[], now: number): Promise<void> {
  const { store, db } = pool;
  const redrivable = jobs.filter((job) => redriveJob(job, now) !== null);
  if (redrivable.length === 0 || store.files.isCancelled(fileId)) return;
  const lost = store.jobs.ofFile(fileId).filter((job) => job.state === "cancelled" && isGivenUp(job));
  const makes = [...redrivable, ...lost].flatMap((job) => job.makes);
  for (const { kind, name } of new Map(makes.map((made) => [`${made.kind}/${made.name}`, made])).values()) {
    await markRenditions(db, fileId, kind, [name], "waiting", null, now);
  }
  await settleFile(db, fileId, "processing", null);
}
