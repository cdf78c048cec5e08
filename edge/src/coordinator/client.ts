/** The coordinator as other rooms call it. Every call may fail when the object restarts. */
import type { SegmentLocation } from "../catalog/rectangles.ts";
import type { PoolFigures } from "./figures.ts";
import type { Progress } from "./progress.ts";
import type { CoordinatorStatus } from "./status.ts";

export type { CoordinatorStatus, PoolFigures, Progress };

/** The pool that all jobs belong to until one object is no longer enough. */
export const MAIN_POOL = "main";
/** Set by `routes.ts` on an upgrade that it has authenticated, and never taken over from outside. */
export const AGENT_HEADER = "x-capcloud-agent";
export const ORIGIN_HEADER = "x-capcloud-origin";

export interface CoordinatorCalls {
  /** Ids of the file's first jobs, made now or before; the first new one is `<pool>.<outboxId>`. */
  enqueueFile(fileId: string, outboxId: string): Promise<string[]>;
  /** The file is deleted: its leases end, and late words of it bring nothing back. */
  cancelFile(fileId: string): Promise<void>;
  progress(fileId: string): Promise<Progress>;
  /**
   * The file's newer version as soon as there is one, else `since` after `waitMs` (30 s at most), or at once
   * where too many wait already.
   */
  watch(fileId: string, since: number, waitMs: number): Promise<number>;
  /**
   * Where the segment lies, once it is there; null after `waitMs` (8 s at most), where too many wait, or where
   * it will not come. Of one `viewer` only the newest wait counts.
   */
  awaitSegment(
    planId: string,
    track: string,
    segment: number,
    waitMs: number,
    viewer?: string,
  ): Promise<SegmentLocation | null>;
  /** The id of the file's plan, once the catalogue has it; null after `waitMs` (8 s at most). */
  awaitPlan(fileId: string, waitMs: number): Promise<string | null>;
  status(): Promise<CoordinatorStatus>;
  /** The pool in figures, as of `now`. */
  figures(now: number): Promise<PoolFigures>;
  /** The key is revoked: its sockets end at once, and its leases soon. */
  revokeAgent(agentId: string): Promise<void>;
  /** An admin tries a dead job once more; false where it is not dead. */
  redrive(jobId: string): Promise<boolean>;
  /** Objects of a file are gone from the storage: their jobs run again. Answers how many. */
  remake(fileId: string, missingKeys: string[]): Promise<number>;
  /** Tells the catalogue everything about the file once more; false where we never heard of it. */
  resend(fileId: string): Promise<boolean>;
  /** Those of the files on which something is still going on. */
  busyFiles(fileIds: string[]): Promise<string[]>;
  /** Forgets what is long over; answers how many files. */
  forgetOld(now: number): Promise<number>;
  /** The alarm's and the cron's work as of `now`, which tests choose. Catches everything, always re-arms. */
  tick(now: number): Promise<void>;
}

export function coordinatorOf(env: Env, pool: string = MAIN_POOL): CoordinatorCalls & Fetcher {
  // The platform's own stub type loses tuples on the way; what is sent keeps them.
  return env.COORDINATOR.getByName(pool) as unknown as CoordinatorCalls & Fetcher;
}
