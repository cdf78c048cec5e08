/**
 * Forgetting: an object's storage has an end, and what a settled file left in the ledger is in the catalogue
 * by then. A file that is wanted again afterwards begins anew, under prefixes of its own as ever.
 */
import { DAY } from "../../config.ts";
import { CLAIMS_OF_FILE } from "./claim-store.ts";
import type { Sql } from "./sql.ts";

/** Files on which nothing has happened for so long, and agents not seen for three times that. */
const KEPT_MS = 30 * DAY;
const AGENT_KEPT_MS = 90 * DAY;

export interface RetentionStore {
  /** Forgets at most `limit` files; answers how many. */
  forgetOld(now: number, limit: number): number;
  forgetFile(fileId: string): void;
}

export function createRetentionStore(sql: Sql): RetentionStore {
  return {
    forgetOld: (now, limit) => {
      forgetAgents(sql, now - AGENT_KEPT_MS);
      const files = oldFiles(sql, now - KEPT_MS, limit);
      for (const { fileId } of files) forgetFile(sql, fileId);
      return files.length;
    },
    forgetFile: (fileId) => forgetFile(sql, fileId),
  };
}

/** Nothing open, nothing left to say. */
function oldFiles(sql: Sql, before: number, limit: number): { fileId: string }[] {
  return sql
    .exec<{ fileId: string }>(
      `select fileId from files where changedAt < ?
         and not exists (select 1 from outbox where outbox.fileId = files.fileId)
         and not exists (select 1 from jobs where jobs.fileId = files.fileId
           and state not in ('done', 'dead', 'cancelled'))
       limit ?`,
      ...[before, limit],
    )
    .toArray();
}

function forgetFile(sql: Sql, fileId: string): void {
  const ofFile = "select id from jobs where fileId = ?";
  sql.exec(`delete from parents where jobId in (${ofFile})`, fileId);
  sql.exec(`delete from wishes where jobId in (${ofFile})`, fileId);
  sql.exec(`delete from claims where ${CLAIMS_OF_FILE}`, fileId, fileId);
  sql.exec("delete from jobs where fileId = ?", fileId);
  sql.exec("delete from files where fileId = ?", fileId);
}

function forgetAgents(sql: Sql, before: number): void {
  sql.exec("delete from replies where agentId in (select agentId from agents where seenAt < ?)", before);
  sql.exec("delete from agents where seenAt < ?", before);
  // An order comes again with the next connection.
  sql.exec("delete from orders where changedAt < ?", before);
  sql.exec("delete from refusals where at < ?", before);
  sql.exec("delete from absences where since < ?", before);
}
