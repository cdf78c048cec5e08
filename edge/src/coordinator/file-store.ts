/**
 * What the coordinator remembers of a file besides its jobs: a version that grows with every change anybody
 * could watch, its plan, and that it was cancelled, so that late words of it bring nothing back.
 */
import type { Plan } from "../media/plan.ts";
import { first, type Sql } from "./sql.ts";

export interface FileStore {
  /** Counts a change and answers the new version. */
  touch(fileId: string, now: number): number;
  /** 0: never heard of it. */
  version(fileId: string): number;
  cancel(fileId: string, now: number): void;
  isCancelled(fileId: string): boolean;
  setPlan(fileId: string, plan: Plan): void;
  plan(planId: string): Plan | null;
  planOf(fileId: string): Plan | null;
  /** The catalogue has the plan. */
  markPlanSaved(fileId: string): void;
  savedPlanOf(fileId: string): string | null;
}

export function createFileStore(sql: Sql): FileStore {
  const planWhere = (where: string, id: string) => {
    const row = first(sql.exec<{ plan: string | null }>(`select plan from files where ${where}`, id));
    return row?.plan ? (JSON.parse(row.plan) as Plan) : null;
  };
  return {
    touch: (fileId, now) => {
      const row = first(
        sql.exec<{ version: number }>(
          `insert into files (fileId, version, cancelled, changedAt) values (?, 1, 0, ?)
         on conflict (fileId) do update set version = version + 1, changedAt = excluded.changedAt
         returning version`,
          ...[fileId, now],
        ),
      );
      return row?.version ?? 0;
    },
    version: (fileId) =>
      first(sql.exec<{ version: number }>("select version from files where fileId = ?", fileId))?.version ??
      0,
    cancel: (fileId, now) =>
      void sql.exec(
        `insert into files (fileId, version, cancelled, changedAt) values (?, 1, 1, ?)
         on conflict (fileId) do update set cancelled = 1, plan = null, planId = null`,
        ...[fileId, now],
      ),
    isCancelled: (fileId) =>
      first(sql.exec("select 1 as yes from files where fileId = ? and cancelled = 1", fileId)) !== null,
    setPlan: (fileId, plan) =>
      void sql.exec(
        "update files set planId = ?, plan = ? where fileId = ? and cancelled = 0",
        ...[plan.id, JSON.stringify(plan), fileId],
      ),
    plan: (planId) => planWhere("planId = ?", planId),
    planOf: (fileId) => planWhere("fileId = ?", fileId),
    markPlanSaved: (fileId) => void sql.exec("update files set planSaved = 1 where fileId = ?", fileId),
    savedPlanOf: (fileId) =>
      first(
        sql.exec<{ planId: string | null }>(
          "select planId from files where fileId = ? and planSaved = 1",
          fileId,
        ),
      )?.planId ?? null,
  };
}
