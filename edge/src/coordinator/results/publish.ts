/**
 * The word to the catalogue: what each ended job made or failed to make, then what has become of its file.
 * One outbox row per job, dropped only after all of it is written in D1; every write is safe to repeat.
 * What is due is written together, one batch of D1 for many rows. Called right after a commit, and by the alarm
 * for what failed.
 */
import { settleStatement, whichStored } from "../../catalog/files.ts";
import { jobDied } from "../../activity/events.ts";
import { tellStatement } from "../../activity/webhook-store.ts";
import { failLeftStatement, markStatements } from "../../catalog/renditions.ts";
import { type Statement, writeAll } from "../../catalog/write.ts";
import { isPassing } from "../../http/passing.ts";
import { isGivenUp, isOpen, type Job } from "../ledger/ledger-types.ts";
import { judgeFile, type Judgement } from "../ledger/judge.ts";
import type { OutboxRow } from "../store/outbox-store.ts";
import { isExtra, SIDE_MADE } from "../plans/pieces.ts";
import { inTurn, log, nowAfter, said, type Pool } from "../pool.ts";
import { wordsOf } from "./publish-result.ts";
import { stepDelay } from "../ledger/retry.ts";
import { topics } from "../watching/waiters.ts";

/** Written at once. A statement about the files of all of them is within D1's 100 bound parameters. */
const ROWS_PER_BATCH = 50;
const LEFT_OUT = "The file has nothing to make it from.";
const NOTHING = { kinds: [], names: [] } as const;

/** One at a time. Never throws: a row that fails waits longer each time. */
export async function publishDue(pool: Pool, now: number): Promise<void> {
  if (pool.busy.publishing) return;
  pool.busy.publishing = true;
  try {
    for (;;) {
      const rows = pool.store.outbox.due(now, ROWS_PER_BATCH);
      if (rows.length === 0) return;
      await publishRows(pool, rows, now);
    }
  } finally {
    pool.busy.publishing = false;
  }
}

async function publishRows(pool: Pool, rows: readonly OutboxRow[], now: number): Promise<void> {
  try {
    await publish(pool, rows, now);
    inTurn(pool, now, (turn) => {
      for (const row of rows) turn.store.outbox.drop(row);
      for (const fileId of filesOf(rows)) {
        turn.store.files.touch(fileId, now);
        turn.changed.add(fileId);
      }
    });
  } catch (error) {
    const [row] = rows;
    if (!row) return;
    // One that can never be written must not keep the others back.
    if (rows.length === 1 || isPassing(error)) return postpone(pool, rows, error, now);
    for (const one of rows) await publishRows(pool, [one], now);
  }
}

function postpone(pool: Pool, rows: readonly OutboxRow[], error: unknown, asked: number): void {
  const now = nowAfter(asked);
  const files = filesOf(rows).join(" ");
  log(pool, "warn", "catalogue did not answer", { files, rows: rows.length, error: said(error) });
  inTurn(pool, now, (turn) => {
    for (const { id, tries } of rows) {
      const until = now + stepDelay(tries, turn.random);
      turn.store.outbox.postpone(id, until, said(error));
      turn.due = Math.min(turn.due, until);
    }
  });
}

/** After the wait for the catalogue all is read from one moment of the ledger, and written in one batch. */
async function publish(pool: Pool, rows: readonly OutboxRow[], now: number): Promise<void> {
  const stored = await whichStored(pool.db, filesOf(rows));
  const known = rows.filter(({ fileId }) => stored.has(fileId));
  const settled = [...stored].map((fileId) => settle(pool, fileId, known));
  const loaded = new Map(settled.flatMap(({ jobs }) => jobs.map((job) => [job.id, job])));
  const jobs = known
    .map(({ jobId }) => loaded.get(jobId) ?? pool.store.jobs.find(jobId))
    .filter((job) => job !== null);
  // A plan that comes while this is being written is another row's to publish.
  const planned = jobs.filter((job) => isPlanned(pool, job));
  await writeAll(pool.db, [
    ...jobs.flatMap((job) => [...wordOf(pool, job, now), ...eventOf(pool, job, now)]),
    ...endsOf(pool, settled, now),
  ]);
  for (const { fileId } of planned) {
    pool.store.files.markPlanSaved(fileId);
    pool.waiters.call(topics.plan(fileId));
  }
  for (const { fileId: file, end } of settled) {
    if (end) log(pool, "info", "file settled", { file, status: end.status, reason: end.reason });
  }
}

function filesOf(rows: readonly OutboxRow[]): string[] {
  return [...new Set(rows.map(({ fileId }) => fileId))];
}

function wordOf(pool: Pool, job: Job, now: number): Statement[] {
  if (job.state === "done") return wordsOf(pool, job, now);
  if (!isLost(job)) return [];
  const reason = job.error?.message ?? "It could not be made.";
  return job.makes.flatMap(({ kind, name }) =>
    markStatements(pool.db, job.fileId, kind, [name], "failed", reason, now),
  );
}

/** For the webhook's receiver, in the batch that tells the catalogue. */
function eventOf({ db, config }: Pool, job: Job, now: number): Statement[] {
  if (job.state !== "dead" || config.webhook === null) return [];
  return [tellStatement(db, jobDied(job, now), now)];
}

function isPlanned(pool: Pool, { state, kind, fileId }: Job): boolean {
  const plans = state === "done" && (kind === "inspect" || kind === "index");
  return plans && pool.store.files.planOf(fileId) !== null;
}

interface Settlement {
  fileId: string;
  /** All of the file, where they were looked at. */
  jobs: Job[];
  /** Where the file has come to it. */
  end: (Judgement & { spared: typeof NOTHING | typeof SIDE_MADE }) | null;
}

/** The last row of a file says what has become of it. What is made afterwards is not waited for. */
function settle(pool: Pool, fileId: string, rows: readonly OutboxRow[]): Settlement {
  const { jobs: store, outbox, files, claims } = pool.store;
  const own = rows.filter((row) => row.fileId === fileId).length;
  if (store.hasNeeded(fileId) || outbox.countOf(fileId) > own) return { fileId, jobs: [], end: null };
  const plan = files.planOf(fileId);
  const all = store.ofFile(fileId);
  const judgement = judgeFile(all, plan, plan ? claims.coverage(plan.id) : []);
  if (!judgement) return { fileId, jobs: [], end: null };
  // Nothing that is wanted stays waiting when nobody will make it.
  const spared = all.some(({ state }) => isOpen(state)) ? SIDE_MADE : NOTHING;
  return { fileId, jobs: all, end: { ...judgement, spared } };
}

/** What failed of each file by itself; what is the same of many in one statement for all of them. */
function endsOf({ db }: Pool, settled: readonly Settlement[], now: number): Statement[] {
  const ended = settled.flatMap(({ fileId, end }) => (end ? [{ fileId, ...end }] : []));
  const idsOf = (files: typeof ended) => files.map(({ fileId }) => fileId);
  const bySpared = Map.groupBy(ended, ({ spared }) => spared);
  const byEnd = Map.groupBy(ended, ({ status, reason }) => JSON.stringify([status, reason]));
  return [
    ...ended.flatMap(({ fileId, failed }) =>
      failed.flatMap((one) => markStatements(db, fileId, one.kind, [one.name], "failed", one.reason, now)),
    ),
    ...[...bySpared].map(([spared, files]) => failLeftStatement(db, idsOf(files), spared, LEFT_OUT, now)),
    ...[...byEnd.values()].flatMap((files) => {
      const [head] = files;
      return head ? [settleStatement(db, idsOf(files), head.status, head.reason)] : [];
    }),
  ];
}

/** Others may still make what an extra did not. */
function isLost(job: Job): boolean {
  return !isExtra(job) && isGivenUp(job);
}
