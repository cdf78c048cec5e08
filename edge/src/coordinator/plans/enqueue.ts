/** A stored file becomes its first jobs and the rows of what it is to have. Telling us twice adds nothing. */
import { findFile, settleFile } from "../../catalog/files.ts";
import { wantRenditions, type WantedRendition } from "../../catalog/renditions.ts";
import { isRestored } from "./added-rungs.ts";
import { dispatch } from "../grants/dispatch.ts";
import { isGivenUp, type JobSpec } from "../ledger/ledger-types.ts";
import { planFirst } from "./plan.ts";
import { inTurn, nowAfter, type Pool } from "../pool.ts";
import { readStoredFile, type StoredFile } from "./stored-file.ts";
import { publishDue } from "../results/publish.ts";
import { cancelTurn, enqueueJobs } from "../turns.ts";
import { typeOf } from "./types.ts";

/** Ids of the file's first jobs. `outboxId` names the first where it is new; `told` is what the caller knows of it. */
export async function enqueueFile(
  pool: Pool,
  fileId: string,
  outboxId: string,
  told: unknown,
  asked: number,
): Promise<string[]> {
  const file = readStoredFile(told, fileId) ?? (await findStored(pool, fileId));
  if (file === null) return [];
  const now = nowAfter(asked);
  // Its plan was read back for a rung that somebody asked for: what comes before a plan is long done.
  if (isRestored(pool.store, fileId)) return [];
  const specs = planFirst(file);
  if (specs.length === 0) {
    await settleFile(pool.db, fileId, "ready", null);
    return [];
  }
  const ids = inTurn(pool, now, (turn) => enqueueJobs(turn, specs, `${pool.name}.${outboxId}`));
  // It was deleted meanwhile.
  if (ids.length === 0) return [];
  // The jobs are on their way before the catalogue is told what to expect of them.
  await dispatch(pool, now);
  const wanted = specs.flatMap((spec) => wantedOf(spec, now));
  await wantRenditions(pool.db, wanted);
  sayAgain(pool, ids, nowAfter(now));
  return ids;
}

async function findStored({ db }: Pool, fileId: string): Promise<StoredFile | null> {
  const file = await findFile(db, fileId);
  return file?.state === "stored" ? file : null;
}

/** What had failed before the catalogue was told to expect it would be waited for there for ever. */
function sayAgain(pool: Pool, ids: readonly string[], now: number): void {
  const { jobs } = pool.store;
  const over = ids.map((id) => jobs.find(id)).filter((job) => job !== null && isGivenUp(job));
  if (over.length === 0) return;
  inTurn(pool, now, ({ store }) => {
    for (const job of over) if (job) store.outbox.add(job.fileId, job.id, now);
  });
  pool.later(publishDue(pool, now));
}

/** The file was deleted: its leases end, and agents hear of it. */
export function cancelFile(pool: Pool, fileId: string, now: number): Promise<void> {
  inTurn(pool, now, (turn) => cancelTurn(turn, fileId));
  pool.waiters.endFile(fileId);
  return dispatch(pool, now);
}

function wantedOf({ fileId, version, makes }: JobSpec, now: number): WantedRendition[] {
  return makes.map(({ kind, name }) => ({
    ...{ fileId, kind, name, version, now },
    type: typeOf(kind),
  }));
}
