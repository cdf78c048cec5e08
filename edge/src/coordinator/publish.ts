/**
 * The word to the catalogue: what each ended job made or failed to make, then what has become of its file.
 * One outbox row per job, dropped only after all of it is written in D1; every write is safe to repeat.
 * Called right after a commit, and by the alarm for what failed.
 */
import { findFile, settleFile } from "../catalog/files.ts";
import { listRenditions, markRenditions } from "../catalog/renditions.ts";
import type { Job, Made } from "./ledger-types.ts";
import { judgeFile } from "./judge.ts";
import type { OutboxRow } from "./outbox-store.ts";
import { isExtra, isSideMade } from "./pieces.ts";
import { inTurn, log, said, type Pool } from "./pool.ts";
import { publishResult } from "./publish-result.ts";
import { stepDelay } from "./retry.ts";
import { topics } from "./waiters.ts";

const ROWS_PER_PASS = 50;
const LEFT_OUT = "The file has nothing to make it from.";

/** One at a time. Never throws: a row that fails waits longer each time. */
export async function publishDue(pool: Pool, now: number): Promise<void> {
  if (pool.busy.publishing) return;
  pool.busy.publishing = true;
  try {
    for (;;) {
      const rows = pool.store.outbox.due(now, ROWS_PER_PASS);
      if (rows.length === 0) return;
      for (const row of rows) await publishRow(pool, row, now);
    }
  } finally {
    pool.busy.publishing = false;
  }
}

async function publishRow(pool: Pool, row: OutboxRow, now: number): Promise<void> {
  try {
    await publish(pool, row, now);
    inTurn(pool, now, (turn) => {
      turn.store.outbox.drop(row.id);
      turn.store.files.touch(row.fileId, now);
      turn.changed.add(row.fileId);
    });
  } catch (error) {
    log(pool, "warn", "catalogue did not answer", { file: row.fileId, job: row.jobId, error: said(error) });
    inTurn(pool, now, (turn) => {
      turn.store.outbox.postpone(row.id, now + stepDelay(row.tries, turn.random), said(error));
    });
  }
}

async function publish(pool: Pool, row: OutboxRow, now: number): Promise<void> {
  const job = pool.store.jobs.find(row.jobId);
  const file = await findFile(pool.db, row.fileId);
  if (!job || file?.state !== "stored") return;
  // A plan that comes while this row is being written is another row's to publish.
  const plan = pool.store.files.planOf(job.fileId);
  if (job.state === "done") await publishResult(pool, job, now);
  else if (isLost(job)) await markFailed(pool, job, job.makes, now);
  if (plan && job.state === "done" && (job.kind === "inspect" || job.kind === "index")) {
    pool.store.files.markPlanSaved(job.fileId);
    pool.waiters.call(topics.plan(job.fileId));
  }
  await settle(pool, row, now);
}

/** The last row of a file says what has become of it. What is made afterwards is not waited for. */
async function settle(pool: Pool, row: OutboxRow, now: number): Promise<void> {
  const { jobs: store, outbox, files, claims } = pool.store;
  if (store.hasNeeded(row.fileId) || outbox.othersOf(row.fileId, row.id) > 0) return;
  const plan = files.planOf(row.fileId);
  const coverage = plan ? claims.coverage(plan.id) : [];
  const judgement = judgeFile(store.ofFile(row.fileId), plan, coverage);
  if (!judgement) return;
  for (const { kind, name, reason } of judgement.failed) {
    await markRenditions(pool.db, row.fileId, kind, [name], "failed", reason, now);
  }
  await failLeftovers(pool, row.fileId, !store.hasOpen(row.fileId), now);
  await settleFile(pool.db, row.fileId, judgement.status, judgement.reason);
  log(pool, "info", "file settled", { file: row.fileId, status: judgement.status, reason: judgement.reason });
}

/** Others may still make what an extra did not. */
function isLost(job: Job): boolean {
  return !isExtra(job) && (job.state === "dead" || job.error?.code === "parent_failed");
}

/** Nothing that is wanted stays waiting when nobody will make it. `all`: also what is made afterwards. */
async function failLeftovers(pool: Pool, fileId: string, all: boolean, now: number): Promise<void> {
  for (const { kind, name, state } of await listRenditions(pool.db, fileId)) {
    if (state === "ready" || state === "failed" || (!all && isSideMade({ kind, name }))) continue;
    await markRenditions(pool.db, fileId, kind, [name], "failed", LEFT_OUT, now);
  }
}

async function markFailed(pool: Pool, job: Job, makes: readonly Made[], now: number): Promise<void> {
  const reason = job.error?.message ?? "It could not be made.";
  for (const { kind, name } of makes) {
    await markRenditions(pool.db, job.fileId, kind, [name], "failed", reason, now);
  }
}
