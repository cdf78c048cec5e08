/** The coordinator as other rooms call it. Every call may fail when the object restarts. */
import type { SegmentLocation } from "../catalog/rectangles.ts";
import type { Absence, LostAgent } from "./admin/absence-store.ts";
import type { FleetSight } from "./admin/fleet-sight.ts";
import type { JobStep } from "./admin/job-steps.ts";
import type { AgentOrder } from "./admin/orders.ts";
import type { JobPage, JobQuery, JobSightWithHistory } from "./admin/view-store.ts";
import type { Move, PoolStanding } from "./pools/balance.ts";
import type { AgentLink } from "./pools/replacing.ts";
import type { PoolFigures } from "./figures/figures.ts";
import type { Progress } from "./watching/progress.ts";
import type { CoordinatorStatus } from "./figures/status.ts";
import { type StoredFile, toStoredFile } from "./plans/stored-file.ts";

export { toStoredFile };
export type { CoordinatorStatus, PoolFigures, Progress };

/** Set by `routes.ts` on an upgrade that it has authenticated, and never taken over from outside. */
export const AGENT_HEADER = "x-capcloud-agent";
export const ORIGIN_HEADER = "x-capcloud-origin";
/** How the operator wants it treated: an `AgentOrder` as JSON. */
export const ORDER_HEADER = "x-capcloud-order";

export interface CoordinatorCalls {
  /**
   * Ids of the file's first jobs, made now or before; the first new one is `<pool>.<outboxId>`. Without `stored`
   * the catalogue is asked.
   */
  enqueueFile(fileId: string, outboxId: string, stored?: StoredFile): Promise<string[]>;
  /** Makes the rungs that the catalogue has beside the file's plan and that are not made; false: there is none. */
  addRungs(fileId: string): Promise<boolean>;
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
  /** How the agent is to be treated from now on; a revoked one's sockets and leases end at once. */
  steer(order: AgentOrder): Promise<void>;
  /** Several at once, by the sweep; what is known already is passed over. */
  tellOrders(orders: AgentOrder[]): Promise<void>;
  /** What waits and who is there, for `balance.ts`. */
  standing(now: number): Promise<PoolStanding>;
  /** These agents leave for the other pool; answers those that do. */
  moveAgents(agentIds: string[], to: string, when: Move["when"]): Promise<string[]>;
  /** The operator sends it there, where it is connected here; where it is there already it stays. */
  sendAgent(agentId: string, to: string): Promise<void>;
  /** The agent has come to another pool: its older links here end, and what it held is free again. */
  giveWay(newer: AgentLink): Promise<void>;
  /** Agents that vanished with leases a minute ago or earlier, and of which nobody was told; of `told` somebody was. */
  lostAgents(told: Absence[], now: number): Promise<LostAgent[]>;
  /** Agents and queue as they stand now. */
  fleet(): Promise<FleetSight>;
  listJobs(query: JobQuery): Promise<JobPage>;
  findJob(jobId: string): Promise<JobSightWithHistory | null>;
  jobsOfFile(fileId: string): Promise<JobSightWithHistory[]>;
  /** False where the step does not belong to the job's state. */
  stepJob(jobId: string, step: JobStep): Promise<boolean>;
  /** Everything of the file that is dead or waits for its next attempt goes on; answers how many jobs. */
  retryFile(fileId: string): Promise<number>;
  /** Objects of a file are gone from the storage: their jobs run again. Answers how many. */
  remake(fileId: string, missingKeys: string[]): Promise<number>;
  /** Tells the catalogue everything about the file once more; false where we never heard of it. */
  resend(fileId: string): Promise<boolean>;
  /** Those of the files of which something is still open or untold, even if nobody can do it now. */
  busyFiles(fileIds: string[]): Promise<string[]>;
  /** Those of the files of which objects may be in the making: what merely waits for an agent is none of it. */
  filesInHand(fileIds: string[]): Promise<string[]>;
  /** Forgets what is long over; answers how many files. */
  forgetOld(now: number): Promise<number>;
  /** The alarm's and the cron's work as of `now`, which tests choose. Catches everything, always re-arms. */
  tick(now: number): Promise<void>;
}

/** Of a file, of a job, of an agent: everything that a coordinator is asked about belongs to one pool. */
export function coordinatorOf(env: Env, pool: string): CoordinatorCalls & Fetcher {
  // The platform's own stub type loses tuples on the way; what is sent keeps them.
  return env.COORDINATOR.getByName(pool) as unknown as CoordinatorCalls & Fetcher;
}

/** Asks each of the pools; where one fails the others are asked all the same, and its error is thrown at the end. */
export async function everywhere<T>(
  env: Env,
  pools: readonly string[],
  ask: (coordinator: CoordinatorCalls, pool: string) => Promise<T>,
): Promise<T[]> {
  const answers = await Promise.allSettled(pools.map(async (pool) => ask(coordinatorOf(env, pool), pool)));
  return answers.map((answer) => {
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  });
}
