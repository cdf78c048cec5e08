/** A stored file becomes its first jobs and the rows of what it is to have. Telling us twice adds nothing. */
import { findFile, settleFile } from "../catalog/files.ts";
import { wantRenditions, type WantedRendition } from "../catalog/renditions.ts";
import { isRestored } from "./added-rungs.ts";
import { dispatch } from "./dispatch.ts";
import type { JobSpec } from "./ledger-types.ts";
import { planFirst } from "./plan.ts";
import { inTurn, nowAfter, type Pool } from "./pool.ts";
import { cancelTurn, enqueueJobs } from "./turns.ts";
import { typeOf } from "./types.ts";

/** Ids of the file's first jobs. `outboxId` names the first where it is new. */
export async function enqueueFile(
  pool: Pool,
  fileId: string,
  outboxId: string,
  asked: number,
): Promise<string[]> {
  const file = await findFile(pool.db, fileId);
  const now = nowAfter(asked);
  if (file?.state !== "stored") return [];
  // Its plan was read back for a rung that somebody asked for: what comes before a plan is long done.
  if (isRestored(pool.store, fileId)) return [];
  const specs = planFirst(file);
  if (specs.length === 0) {
    if (file.status === "processing") await settleFile(pool.db, fileId, "ready", null);
    return [];
  }
  const ids = inTurn(pool, now, (turn) => enqueueJobs(turn, specs, `${pool.name}.${outboxId}`));
  // The jobs are on their way before the catalogue is told what to expect of them.
  await Promise.all([
    dispatch(pool, now),
    wantRenditions(
      pool.db,
      specs.flatMap((spec) => wantedOf(spec, now)),
    ),
  ]);
  return ids;
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
