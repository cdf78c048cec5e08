/**
 * The jobs table as waits, cuts and hedges ask it: what somebody waits for, where the front of a film is, and
 * what of it is still to be begun. Decides nothing.
 */
import { jobsWhere } from "./job-store.ts";
import type { Job } from "../ledger/ledger-types.ts";
import { first, type Sql, type SqlValue } from "./sql.ts";
import { LAPSE_MS } from "../ledger/withdrawal.ts";

/** Rectangles looked at for one that is slow. */
const ENCODING = 64;

export interface FilmStore {
  /** Ready because somebody waited, who has not asked again since. */
  lapsing(now: number, limit: number): Job[];
  /** How many jobs of the file were made since then because somebody waited. */
  countAsked(fileId: string, since: number): number;
  /** What begins at the front or after it comes first, what lies before it last. Milliseconds. */
  moveFront(planId: string, fileId: string, front: number, span: number): void;
  /** Rectangles that agents are at, longest first. */
  encoding(): Job[];
  /** Slots that encode something of the file now. */
  countEncoding(fileId: string): number;
  /** Milliseconds of film that planned rectangles which nobody has begun are to encode. */
  unbegunMs(fileId: string, planId: string): number;
  /** A rectangle of the file waits for an agent. */
  hasReady(fileId: string): boolean;
}

export function createFilmStore(sql: Sql): FilmStore {
  const many = (query: string, ...bindings: SqlValue[]) => jobsWhere(sql, query, ...bindings);
  return {
    lapsing: (now, limit) =>
      many(
        "where state = 'ready' and askedAt is not null and askedAt <= ? order by askedAt limit ?",
        ...[now - LAPSE_MS, limit],
      ),
    countAsked: (fileId, since) =>
      first(
        sql.exec<{ count: number }>(
          "select count(*) as count from jobs where fileId = ? and askedAt is not null and waitingSince > ?",
          ...[fileId, since],
        ),
      )?.count ?? 0,
    moveFront: (planId, fileId, front, span) =>
      void sql.exec(
        `update jobs set position =
           case when startMs + workMs > ? then max(0, startMs - ?) else startMs + ? - ? end
         where fileId = ? and planId = ? and kind in ('video', 'audio') and state in ('ready', 'leased', 'retry_wait')`,
        ...[front, front, span, front, fileId, planId],
      ),
    encoding: () => many("where state = 'leased' and kind = 'video' order by startedAt limit ?", ENCODING),
    countEncoding: (fileId) =>
      first(
        sql.exec<{ count: number }>(
          `select count(*) as count from jobs where fileId = ? and kind = 'video' and needs = 'encoder'
             and state = 'leased' and slot in ('gpu', 'cpu')`,
          fileId,
        ),
      )?.count ?? 0,
    unbegunMs: (fileId, planId) =>
      first(
        sql.exec<{ ms: number | null }>(
          `select sum(workMs) as ms from jobs where fileId = ? and planId = ? and kind = 'video'
             and needs = 'encoder' and state in ('ready', 'retry_wait') and askedAt is null`,
          ...[fileId, planId],
        ),
      )?.ms ?? 0,
    hasReady: (fileId) =>
      sql
        .exec(
          "select 1 as yes from jobs where fileId = ? and kind = 'video' and state = 'ready' limit 1",
          fileId,
        )
        .toArray().length > 0,
  };
}
