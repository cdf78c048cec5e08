/** Each minute: what the catalogue wanted to tell the coordinator and could not. */
import { markWorkSent, unsentWork, type UnsentRow } from "../../catalog/outbox.ts";
import { SECOND } from "../../config.ts";
import { logLine } from "../../http/log.ts";
import { coordinatorOf } from "../client.ts";
import { said } from "../pool.ts";
import type { Sweep } from "./scheduled.ts";

/** Younger rows are on their way. */
const UNSENT_MS = 30 * SECOND;
const ROWS_PER_PASS = 500;

export async function sendUnsent({ env, config, db, now }: Sweep): Promise<void> {
  for (const row of await unsentWork(db, now - UNSENT_MS, ROWS_PER_PASS)) {
    try {
      await send(env, row);
      await markWorkSent(db, [row.id], now);
    } catch (error) {
      logLine(config.logLevel, "warn", "work not sent", { file: row.fileId, error: said(error) });
    }
  }
}

async function send(env: Env, { id, action, fileId, pool }: UnsentRow): Promise<void> {
  const coordinator = coordinatorOf(env, pool);
  switch (action) {
    case "enqueue":
      await coordinator.enqueueFile(fileId, id);
      return;
    case "rungs":
      await coordinator.addRungs(fileId);
      return;
    case "cancel":
      await coordinator.cancelFile(fileId);
      return;
  }
}
