/**
 * Who owns which segment: decided once, in the turn that commits a rectangle. The first to commit has the
 * segment for as long as the plan lives; later claims of the same segment change nothing.
 */
import type { TrackReport } from "#protocol";
import { first, type Sql, type SqlValue } from "./sql.ts";

export interface SegmentClaim extends Record<string, SqlValue> {
  planId: string;
  track: string;
  segment: number;
  jobId: string;
  objectKey: string;
  /** Of the whole object. */
  size: number;
  etag: string;
  offset: number;
  length: number;
  initOffset: number;
  initLength: number;
  codecs: string;
  /** Ticks of the plan. */
  start: number;
  duration: number;
  frames: number;
}

/** What of a track has an owner. */
export interface Coverage extends Record<string, SqlValue> {
  track: string;
  segments: number;
  frames: number;
}

const COLUMNS = [
  ...["planId", "track", "segment", "jobId", "objectKey", "size", "etag", "offset", "length"],
  ...["initOffset", "initLength", "codecs", "start", "duration", "frames"],
];

/** Its jobs', and what was read back from the catalogue, whose jobs are forgotten. Takes the file's id twice. */
export const CLAIMS_OF_FILE = `jobId in (select id from jobs where fileId = ?)
  or planId = (select planId from files where fileId = ?)`;

export interface ClaimStore {
  find(planId: string, track: string, segment: number): SegmentClaim | null;
  ofPlan(planId: string): SegmentClaim[];
  ofTrack(planId: string, track: string): SegmentClaim[];
  ofJob(jobId: string): SegmentClaim[];
  /** Whether every segment of [from, until) has an owner. */
  ownsAll(planId: string, track: string, segments: readonly [number, number]): boolean;
  /** Segments of each track that have an owner. */
  owned(planId: string): { track: string; segment: number }[];
  /** By track; those without a segment are left out. */
  coverage(planId: string): Coverage[];
  /** Takes each segment that nobody has. */
  claim(claims: readonly SegmentClaim[]): void;
  /** The object is gone. */
  dropObject(jobId: string, objectKey: string): void;
  dropPlan(planId: string): void;
  dropFile(fileId: string): void;
}

export function createClaimStore(sql: Sql): ClaimStore {
  const many = (where: string, ...bindings: SqlValue[]) =>
    sql
      .exec<SegmentClaim>(`select * from claims where ${where} order by track, segment`, ...bindings)
      .toArray();
  return {
    find: (planId, track, segment) =>
      first(
        sql.exec<SegmentClaim>(
          "select * from claims where planId = ? and track = ? and segment = ?",
          ...[planId, track, segment],
        ),
      ),
    ofPlan: (planId) => many("planId = ?", planId),
    ofTrack: (planId, track) => many("planId = ? and track = ?", planId, track),
    ownsAll: (planId, track, [from, until]) => {
      const row = first(
        sql.exec<{ count: number }>(
          `select count(*) as count from claims
           where planId = ? and track = ? and segment >= ? and segment < ?`,
          ...[planId, track, from, until],
        ),
      );
      return row?.count === until - from;
    },
    owned: (planId) =>
      sql
        .exec<{ track: string; segment: number }>(
          "select track, segment from claims where planId = ?",
          planId,
        )
        .toArray(),
    ofJob: (jobId) => many("jobId = ?", jobId),
    coverage: (planId) => coverage(sql, planId),
    claim: (claims) => {
      for (const claim of claims) {
        sql.exec(
          `insert into claims (${COLUMNS.join(", ")}) values (${COLUMNS.map(() => "?").join(", ")})
           on conflict do nothing`,
          ...COLUMNS.map((column) => claim[column] ?? null),
        );
      }
    },
    dropObject: (jobId, objectKey) =>
      void sql.exec("delete from claims where jobId = ? and objectKey = ?", jobId, objectKey),
    dropPlan: (planId) => void sql.exec("delete from claims where planId = ?", planId),
    dropFile: (fileId) => void sql.exec(`delete from claims where ${CLAIMS_OF_FILE}`, fileId, fileId),
  };
}

function coverage(sql: Sql, planId: string): Coverage[] {
  return sql
    .exec<Coverage>(
      `select track, count(*) as segments, sum(frames) as frames from claims
       where planId = ? group by track`,
      planId,
    )
    .toArray();
}

/** The claims of one finished track. Its times are turned into the plan's ticks. */
export function claimsOf(
  report: TrackReport,
  object: { key: string; size: number; etag: string },
  job: { id: string; planId: string },
  timescale: number,
): SegmentClaim[] {
  const toTicks = (time: number) => Math.round((time * timescale) / report.timescale);
  const frames = framesEach(report);
  return report.segments.map(({ segment, offset, length, start, duration }, at) => ({
    planId: job.planId,
    track: report.name,
    segment,
    jobId: job.id,
    objectKey: object.key,
    size: object.size,
    etag: object.etag,
    offset,
    length,
    initOffset: report.init[0],
    initLength: report.init[1],
    codecs: report.codecs,
    start: toTicks(start),
    duration: toTicks(duration),
    frames: frames[at] ?? 0,
  }));
}

/** As told; of an agent that tells only the sum, shares by duration that add up to it. */
function framesEach({ segments, frames: sum }: TrackReport): number[] {
  const total = segments.reduce((ticks, { duration }) => ticks + duration, 0);
  let ticks = 0;
  let before = 0;
  return segments.map(({ frames, duration }) => {
    ticks += duration;
    const until = total > 0 ? Math.round((sum * ticks) / total) : 0;
    const share = until - before;
    before = until;
    return frames ?? share;
  });
}
