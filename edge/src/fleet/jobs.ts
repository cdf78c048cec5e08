/**
 * Jobs as people see and steer them: lists, one with its history, all of a file, and the steps that only people
 * take. Called by the routes of this room and by the pages.
 */
import { labelsOf } from "../catalog/agents.ts";
import type { FileRow } from "../catalog/files.ts";
import type { JobStep } from "../coordinator/admin/job-steps.ts";
import type { JobQuery, JobSightWithHistory } from "../coordinator/admin/view-store.ts";
import { coordinatorOf, everywhere } from "../coordinator/client.ts";
import type { JobState } from "../coordinator/ledger/ledger-types.ts";
import { allPools, isPool, poolOf } from "../coordinator/pools/pools.ts";
import { Problem } from "../http/problems.ts";
import type { Desk } from "./desk.ts";
import { cursorIn, onePage } from "./together.ts";
import { jobView, jobViewWithHistory, type JobView, type JobViewWithHistory } from "./job-view.ts";

/** Of one pool at most fifty a page, of several a few more. */
export async function readJobs(
  { env, db }: Desk,
  query: JobQuery,
): Promise<{ jobs: JobView[]; next: string | null }> {
  const pages = await everywhere(env, await allPools(env, db), (coordinator, pool) =>
    coordinator.listJobs({ ...query, cursor: cursorIn(pool, query.cursor) }),
  );
  const { jobs, next } = onePage(pages);
  return { jobs: jobs.map(jobView), next };
}

export async function readJob(desk: Desk, id: string): Promise<JobViewWithHistory> {
  const job = await findJob(desk, id);
  const [view] = await withLabels(desk, [job]);
  if (!view) throw unknownJob();
  return view;
}

export async function readFileJobs(desk: Desk, file: FileRow): Promise<JobViewWithHistory[]> {
  return withLabels(desk, await coordinatorOf(desk.env, file.pool).jobsOfFile(file.id));
}

/** Throws 409 where the step does not belong to the job's state. */
export async function takeStep(desk: Desk, id: string, step: JobStep): Promise<JobView> {
  const pool = await poolOfJob(desk, id);
  const { state } = await findJob(desk, id);
  const taken = await coordinatorOf(desk.env, pool).stepJob(id, step);
  if (!taken) {
    throw new Problem("conflict", `A job that is ${WORDS[state]} cannot be ${DONE[step]}.`, {
      hint: HINTS[step],
    });
  }
  return jobView(await findJob(desk, id));
}

export function retryFileJobs({ env }: Desk, file: FileRow): Promise<number> {
  return coordinatorOf(env, file.pool).retryFile(file.id);
}

const DONE: Record<JobStep, string> = { cancel: "cancelled", retry: "retried", redrive: "redriven" };
const HINTS: Record<JobStep, string> = {
  cancel: "Only what is not done, dead or cancelled yet can be cancelled.",
  retry: "Only what waits for its next attempt (retry_wait) can be retried; what is dead is redriven.",
  redrive:
    "Only what is dead, or was cancelled by the operator, can be redriven; what waits (retry_wait) is retried.",
};
const WORDS: Record<JobState, string> = {
  ...{ blocked: "blocked", ready: "ready", leased: "leased", committing: "committing" },
  ...{ retry_wait: "waiting for its next attempt", done: "done", dead: "dead", cancelled: "cancelled" },
};

async function findJob(desk: Desk, id: string): Promise<JobSightWithHistory> {
  const job = await coordinatorOf(desk.env, await poolOfJob(desk, id)).findJob(id);
  if (!job) throw unknownJob();
  return job;
}

/** No object is woken, and none made, for a pool that is none. */
async function poolOfJob({ env, db }: Desk, id: string): Promise<string> {
  const pool = poolOf(id);
  if (pool === null || !(await isPool(env, db, pool))) throw unknownJob();
  return pool;
}

async function withLabels({ db }: Desk, jobs: readonly JobSightWithHistory[]): Promise<JobViewWithHistory[]> {
  const agents = new Set(jobs.flatMap(({ history }) => history.map(({ agentId }) => agentId)));
  const labels = await labelsOf(db, [...agents]);
  return jobs.map((job) => jobViewWithHistory(job, labels));
}

function unknownJob(): Problem {
  return new Problem("not_found", "There is no such job.", {
    hint: "GET /api/jobs lists them; what was over for a month is forgotten.",
  });
}
