/**
 * The coordinator's own tables, read from a copy while the edge is down: at each restart that no epoch has
 * decreased, at the end that every job is over, within its limits, and that nobody was charged for a drain.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const Outcome = z.enum(["open", "done", "lost", "failed", "released", "fault", "cancelled", "superseded"]);
const Row = z.object({
  id: z.string(),
  fileId: z.string(),
  kind: z.string(),
  state: z.string(),
  epoch: z.number(),
  attempts: z.number(),
  losses: z.number(),
  faults: z.number(),
  error: z.string().nullable(),
  history: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.array(z.object({ epoch: z.number(), outcome: Outcome, grantedAt: z.number() }))),
});
export type JobRow = z.infer<typeof Row>;

/** Those of `ledger.ts`, as the documents promise them. */
const MOST_ATTEMPTS = 5;
const MOST_LOSSES = 5;
/** The history keeps the latest twenty. */
const HISTORY = 20;

/** Empty before the first start. The edge must be down: its own process keeps the file's index in memory. */
export function readLedger(dataDir: string): JobRow[] {
  const folder = join(dataDir, "state", "do", "capcloud-edge-Coordinator");
  if (!existsSync(folder)) return [];
  const copy = mkdtempSync(join(tmpdir(), "capcloud-ledger-"));
  try {
    cpSync(folder, copy, { recursive: true });
    const names = readdirSync(copy).filter(
      (name) => name.endsWith(".sqlite") && !name.startsWith("metadata"),
    );
    return names.flatMap((name) => readJobs(join(copy, name)));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function readJobs(path: string): JobRow[] {
  const database = new DatabaseSync(path);
  try {
    const columns = "id, fileId, kind, state, epoch, attempts, losses, faults, error, history";
    return z.array(Row).parse(database.prepare(`select ${columns} from jobs`).all());
  } finally {
    database.close();
  }
}

/** Between two looks: no job is gone, no epoch is smaller, nothing that was done is undone. */
export function compareLedgers(before: readonly JobRow[], after: readonly JobRow[]): string[] {
  const now = new Map(after.map((job) => [job.id, job]));
  return before.flatMap(({ id, epoch, state }) => {
    const later = now.get(id);
    if (!later) return [`job ${id} is gone`];
    if (later.epoch < epoch) return [`job ${id} went from epoch ${epoch} back to ${later.epoch}`];
    if (state === "done" && (later.state !== "done" || later.epoch !== epoch))
      return [`job ${id} was done, and is ${later.state}`];
    return [];
  });
}

/** When all is quiet. */
export function checkJob(job: JobRow): string[] {
  const { id, kind, state, attempts, losses, faults, history } = job;
  const problems: string[] = [];
  if (!["done", "dead", "cancelled"].includes(state)) problems.push(`is still ${state}`);
  if (attempts > MOST_ATTEMPTS || losses > MOST_LOSSES)
    problems.push(`had ${attempts} attempts and ${losses} losses`);
  const epochs = history.map(({ epoch }) => epoch);
  if (epochs.some((epoch, at) => at > 0 && epoch <= (epochs[at - 1] ?? 0)))
    problems.push(`had epochs ${epochs.join(" ")}`);
  const done = history.filter(({ outcome }) => outcome === "done");
  if (state === "done" && (done.length !== 1 || history.at(-1)?.outcome !== "done")) {
    problems.push(`is done, with attempts ${history.map(({ outcome }) => outcome).join(" ")}`);
  }
  const charged = history.filter(({ outcome }) => outcome !== "released").length;
  if (history.length < HISTORY && attempts > charged) {
    problems.push(
      `was charged ${attempts} attempts for ${charged} that were not given back (${faults} faults)`,
    );
  }
  return problems.map((problem) => `job ${id} (${kind} of ${job.fileId}) ${problem}`);
}
