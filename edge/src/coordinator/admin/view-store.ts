/**
 * The ledger as people look at it: jobs without what is long in them, and who holds what. Reads only, each
 * question along an index or within a bound, so that looking costs agents nothing.
 */
import type { ResourceClass } from "#protocol";
import type { Attempt, Job, JobError, JobState } from "../ledger/ledger-types.ts";
import { first, type Sql, type SqlValue } from "../store/sql.ts";

/** A job for people. Times in milliseconds since 1970. */
export type JobSight = Pick<
  Job,
  | "id"
  | "fileId"
  | "kind"
  | "part"
  | "state"
  | "attempts"
  | "losses"
  | "rank"
  | "agentId"
  | "fraction"
  | "waitingSince"
  | "notBefore"
  | "error"
  | "createdAt"
  | "startedAt"
  | "finishedAt"
>;
export type JobSightWithHistory = JobSight & { history: Attempt[] };

export interface JobQuery {
  state?: JobState | undefined;
  fileId?: string | undefined;
  /** The `next` of the page before. */
  cursor?: string | undefined;
}

export interface JobPage {
  jobs: JobSight[];
  next: string | null;
}

export interface HeldJob extends Pick<Job, "id" | "fileId" | "kind" | "part" | "fraction" | "startedAt"> {
  agentId: string;
  slot: ResourceClass;
}

export interface ViewStore {
  list(query: JobQuery): JobPage;
  find(id: string): JobSightWithHistory | null;
  ofFile(fileId: string): JobSightWithHistory[];
  held(): HeldJob[];
}

const PAGE = 50;
/** Rows looked through for one page of a state that has no index of its own. */
const LOOKED_THROUGH = 5_000;
const COLUMNS =
  "id, fileId, kind, part, state, attempts, losses, rank, agentId, fraction, waitingSince, notBefore, error, createdAt, startedAt, finishedAt";

const LATER = "indexed by jobs_later where state in ('retry_wait', 'committing')";
const SET_ASIDE = "indexed by jobs_set_aside where state in ('blocked', 'dead')";
/** Along the index of just such jobs. The other states only ever grow, and are looked through by age. */
const ALONG: Partial<Record<JobState, string>> = {
  ready: "indexed by jobs_next where state = 'ready'",
  leased: "indexed by jobs_leased where state = 'leased'",
  committing: `${LATER} and state = 'committing'`,
  retry_wait: `${LATER} and state = 'retry_wait'`,
  blocked: `${SET_ASIDE} and state = 'blocked'`,
  dead: `${SET_ASIDE} and state = 'dead'`,
};

type Row = Record<string, SqlValue>;

export function createViewStore(sql: Sql): ViewStore {
  const rows = (query: string, ...bindings: SqlValue[]) => sql.exec<Row>(query, ...bindings).toArray();
  return {
    list: (query) => list(rows, query),
    find: (id) => {
      const row = first(sql.exec<Row>(`select ${COLUMNS}, history from jobs where id = ?`, id));
      return row && withHistory(row);
    },
    ofFile: (fileId) =>
      rows(`select ${COLUMNS}, history from jobs where fileId = ? order by id`, fileId).map(withHistory),
    held: () =>
      rows(
        `select id, fileId, kind, part, fraction, startedAt, agentId, slot from jobs indexed by jobs_held
         where state = 'leased' order by startedAt`,
      ) as unknown as HeldJob[],
  };
}

/** Newest first: ids begin with the pool and go on with their time. */
function list(
  rows: (query: string, ...bindings: SqlValue[]) => Row[],
  { state, fileId, cursor = "~" }: JobQuery,
): JobPage {
  if (fileId !== undefined) {
    const own = rows(
      `select ${COLUMNS} from jobs where fileId = ? and +id < ? order by +id desc`,
      ...[fileId, cursor],
    );
    return pageOf(own.filter((row) => state === undefined || row["state"] === state));
  }
  const along = state && ALONG[state];
  if (along !== undefined) {
    const few = `order by +id desc limit ${PAGE + 1}`;
    return pageOf(rows(`select ${COLUMNS} from jobs ${along} and +id < ? ${few}`, cursor));
  }
  const limit = state === undefined ? PAGE + 1 : LOOKED_THROUGH;
  const latest = rows(`select ${COLUMNS} from jobs where id < ? order by id desc limit ${limit}`, cursor);
  if (state === undefined) return pageOf(latest);
  const page = pageOf(latest.filter((row) => row["state"] === state));
  const last = latest.length === LOOKED_THROUGH ? latest.at(-1) : undefined;
  return { ...page, next: page.next ?? (last === undefined ? null : String(last["id"])) };
}

function pageOf(rows: readonly Row[]): JobPage {
  const jobs = rows.slice(0, PAGE).map(fromRow);
  return { jobs, next: rows.length > PAGE ? (jobs.at(-1)?.id ?? null) : null };
}

function fromRow(row: Row): JobSight {
  const error = typeof row["error"] === "string" ? (JSON.parse(row["error"]) as JobError) : null;
  // Columns of a row that `job-store.ts` wrote from a Job.
  return { ...row, error } as unknown as JobSight;
}

function withHistory(row: Row): JobSightWithHistory {
  return { ...fromRow(row), history: JSON.parse(String(row["history"])) as Attempt[] };
}
