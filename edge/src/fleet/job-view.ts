/** A job and its history as the API tells them, pure. */
import type { ResourceClass } from "#protocol";
import type { JobSight, JobSightWithHistory } from "../coordinator/admin/view-store.ts";
import { classOf } from "../coordinator/figures/figures.ts";
import type { Attempt, AttemptOutcome, JobState } from "../coordinator/ledger/ledger-types.ts";
import { iso } from "./times.ts";

export interface ErrorView {
  code: string;
  message: string;
}

export interface JobView {
  id: string;
  file: string;
  kind: string;
  part: string;
  state: JobState;
  attempts: number;
  losses: number;
  class: string;
  /** Who holds it now. */
  agent: string | null;
  fraction: number;
  waiting_since: string | null;
  not_before: string | null;
  error: ErrorView | null;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
}

export interface AttemptView {
  epoch: number;
  agent: string;
  /** Null where the agent is known no more. */
  label: string | null;
  slot: ResourceClass;
  granted_at: string | null;
  ended_at: string | null;
  outcome: AttemptOutcome;
  error: ErrorView | null;
}

export type JobViewWithHistory = JobView & { history: AttemptView[] };

export function jobView(job: JobSight): JobView {
  const { id, kind, part, state, attempts, losses, error, fraction } = job;
  const held = state === "leased" || state === "committing";
  return {
    ...{ id, file: job.fileId, kind, part, state, attempts, losses, class: classOf(job.rank) },
    ...{ agent: held ? job.agentId : null, fraction, error },
    waiting_since: state === "ready" ? iso(job.waitingSince) : null,
    not_before: state === "retry_wait" ? iso(job.notBefore) : null,
    created_at: iso(job.createdAt),
    started_at: iso(job.startedAt),
    finished_at: iso(job.finishedAt),
  };
}

export function jobViewWithHistory(
  job: JobSightWithHistory,
  labels: ReadonlyMap<string, string>,
): JobViewWithHistory {
  return { ...jobView(job), history: job.history.map((attempt) => attemptView(attempt, labels)) };
}

function attemptView(attempt: Attempt, labels: ReadonlyMap<string, string>): AttemptView {
  const { epoch, agentId, slot, grantedAt, endedAt, outcome, error } = attempt;
  return {
    ...{ epoch, agent: agentId, label: labels.get(agentId) ?? null, slot },
    ...{ granted_at: iso(grantedAt), ended_at: iso(endedAt), outcome, error },
  };
}
