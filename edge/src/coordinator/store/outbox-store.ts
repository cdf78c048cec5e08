/**
 * What the catalogue has yet to hear: one row per job that came to its end. A row goes only after everything
 * it stands for is written in D1; writing it twice changes nothing.
 */
import { SECOND } from "../../config.ts";
import { first, type Sql, type SqlValue } from "./sql.ts";

/** Fresh rows are written at once; the alarm looks again after this, should that have been cut off. */
const FALLBACK_MS = 30 * SECOND;

export interface OutboxRow extends Record<string, SqlValue> {
  id: number;
  fileId: string;
  jobId: string;
  tries: number;
  notBefore: number;
}

export interface OutboxStore {
  /** Answers when the alarm looks after it, should it still be there. */
  add(fileId: string, jobId: string, now: number): number;
  /** Fresh rows, and failed ones whose pause is over. */
  due(now: number, limit: number): OutboxRow[];
  /** Unless the job has come to another end since the row was read: then there is more to say. */
  drop(row: OutboxRow): void;
  /** Later, after a failure. */
  postpone(id: number, until: number, error: string): void;
  countOf(fileId: string): number;
  dropFile(fileId: string): void;
  nextStep(): number | null;
  count(): number;
}

export function createOutboxStore(sql: Sql): OutboxStore {
  const count = (where: string, ...bindings: SqlValue[]) =>
    first(sql.exec<{ count: number }>(`select count(*) as count from outbox where ${where}`, ...bindings))
      ?.count ?? 0;
  return {
    add: (fileId, jobId, now) => {
      sql.exec(
        `insert into outbox (fileId, jobId, tries, notBefore, createdAt) values (?, ?, 0, ?, ?)
         on conflict (jobId) do update set notBefore = max(excluded.notBefore, outbox.notBefore + 1)`,
        ...[fileId, jobId, now + FALLBACK_MS, now],
      );
      return now + FALLBACK_MS;
    },
    due: (now, limit) =>
      sql
        .exec<OutboxRow>(
          "select * from outbox where tries = 0 or notBefore <= ? order by id limit ?",
          now,
          limit,
        )
        .toArray(),
    drop: ({ id, notBefore }) =>
      void sql.exec("delete from outbox where id = ? and notBefore = ?", id, notBefore),
    postpone: (id, until, error) =>
      void sql.exec(
        "update outbox set tries = tries + 1, notBefore = ?, error = ? where id = ?",
        until,
        error,
        id,
      ),
    countOf: (fileId) => count("fileId = ?", fileId),
    dropFile: (fileId) => void sql.exec("delete from outbox where fileId = ?", fileId),
    nextStep: () =>
      first(sql.exec<{ at: number | null }>("select min(notBefore) as at from outbox"))?.at ?? null,
    count: () => count("1"),
  };
}
