/**
 * What the coordinator remembers of a file besides its jobs: a version that grows with every change anybody
 * could watch, its plan, and that it was cancelled, so that late words of it bring nothing back.
 */
import { frozenPlan, type Head, type Plan, type PlannedRung, withRungs } from "../../media/plan.ts";
import { first, type Sql, type SqlValue } from "./sql.ts";

/** Agents remembered as having the bytes: their caches do not last for ever. */
const MAX_HOLDERS = 8;

export interface FileStore {
  /** Counts a change and answers the new version. */
  touch(fileId: string, now: number): number;
  /** 0: never heard of it. */
  version(fileId: string): number;
  cancel(fileId: string, now: number): void;
  isCancelled(fileId: string): boolean;
  setPlan(fileId: string, plan: Plan): void;
  /** All rungs that were asked for since its plan was frozen. They go with the plan. */
  setAdded(fileId: string, rungs: readonly PlannedRung[]): void;
  /** What is known of its plan before the frame index is. */
  setHead(fileId: string, head: Head): void;
  headOf(fileId: string): Head | null;
  /** Milliseconds on the timeline where somebody looks; what comes after it is made first. */
  front(fileId: string): number;
  setFront(fileId: string, front: number): void;
  /** An agent that has been given a job of it, newest first. */
  addHolder(fileId: string, agentId: string): void;
  /** With the rungs that were added, as `planOf` too. */
  plan(planId: string): Plan | null;
  planOf(fileId: string): Plan | null;
  /** The catalogue has the plan. */
  markPlanSaved(fileId: string): void;
  savedPlanOf(fileId: string): string | null;
}

export function createFileStore(sql: Sql): FileStore {
  return {
    ...progressFields(sql),
    ...planFields(sql),
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
         on conflict (fileId) do update set cancelled = 1, plan = null, planId = null, head = null, added = '[]'`,
        ...[fileId, now],
      ),
    isCancelled: (fileId) =>
      first(sql.exec("select 1 as yes from files where fileId = ? and cancelled = 1", fileId)) !== null,
  };
}

/** The plan, and the rungs that were asked for on top of it. */
function planFields(
  sql: Sql,
): Pick<FileStore, "setPlan" | "setAdded" | "plan" | "planOf" | "markPlanSaved" | "savedPlanOf"> {
  const planWhere = (where: string, id: string) => {
    const row = first(
      sql.exec<{ plan: string | null; added: string }>(`select plan, added from files where ${where}`, id),
    );
    if (!row?.plan) return null;
    return withRungs(JSON.parse(row.plan) as Plan, JSON.parse(row.added) as PlannedRung[]);
  };
  return {
    setPlan: (fileId, plan) =>
      void sql.exec(
        `update files set added = case when planId = ? then added else '[]' end, planId = ?, plan = ?
         where fileId = ? and cancelled = 0`,
        ...[plan.id, plan.id, JSON.stringify(frozenPlan(plan)), fileId],
      ),
    setAdded: (fileId, rungs) =>
      void sql.exec(
        "update files set added = ? where fileId = ? and planId is not null",
        JSON.stringify(rungs),
        fileId,
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

/** What changes while a film is being made. */
function progressFields(
  sql: Sql,
): Pick<FileStore, "setHead" | "headOf" | "front" | "setFront" | "addHolder"> {
  const column = <T extends SqlValue>(name: "head" | "front" | "holders", fileId: string) =>
    first(sql.exec<{ value: T | null }>(`select ${name} as value from files where fileId = ?`, fileId))
      ?.value ?? null;
  return {
    setHead: (fileId, head) =>
      void sql.exec(
        "update files set head = ? where fileId = ? and cancelled = 0",
        JSON.stringify(head),
        fileId,
      ),
    headOf: (fileId) => {
      const text = column<string>("head", fileId);
      return text === null ? null : (JSON.parse(text) as Head);
    },
    front: (fileId) => column<number>("front", fileId) ?? 0,
    setFront: (fileId, front) => void sql.exec("update files set front = ? where fileId = ?", front, fileId),
    addHolder: (fileId, agentId) => {
      const known = JSON.parse(column<string>("holders", fileId) ?? "[]") as string[];
      if (known[0] === agentId) return;
      const holders = [agentId, ...known.filter((id) => id !== agentId)].slice(0, MAX_HOLDERS);
      sql.exec("update files set holders = ? where fileId = ?", JSON.stringify(holders), fileId);
    },
  };
}
