/**
 * Which rectangles are to be made once more by another agent, pure: those whose agent is much slower than its
 * peers were, or has said nothing for two renewals. The first to commit wins. Called by `dispatch.ts` when slots
 * are free and the file has nothing else to do.
 */
import { SECOND } from "../../config.ts";
import type { Job } from "../ledger/ledger-types.ts";

/** Slower than its peers by so much. */
const SLOW = 2;
/** Fewer finished rectangles tell nothing. */
const FEWEST_PEERS = 3;
/** An attempt younger than this is not judged: fetching and starting take their time. */
const YOUNGEST_MS = 5 * SECOND;
/** Renewals come three times in a lease, give or take a tenth; beyond this part of it two were missed. */
const MISSED_SHARE = 0.74;

type Running = Pick<Job, "cost" | "fraction" | "startedAt" | "leaseEnd">;
type Finished = Pick<Job, "cost" | "startedAt" | "finishedAt">;

/** `peers`: finished jobs of the same film and kind of work. */
export function isSlow(job: Running, peers: readonly Finished[], leaseMs: number, now: number): boolean {
  const { startedAt, leaseEnd } = job;
  if (startedAt === null || leaseEnd === null) return false;
  if (now >= silentFrom(leaseEnd, leaseMs)) return true;
  const usual = usualMs(peers);
  const elapsed = now - startedAt;
  if (usual === null || elapsed < YOUNGEST_MS) return false;
  const whole = elapsed / Math.max(job.fraction, 0.01);
  const left = job.fraction > 0 ? whole - elapsed : Infinity;
  const another = usual * job.cost;
  // Before the first word of progress only the time already spent is sure.
  const expected = job.fraction > 0 ? whole : elapsed;
  return expected > SLOW * another && left > another;
}

/** When two renewals will have been missed, as the lease stands now. */
export function silentFrom(leaseEnd: number, leaseMs: number): number {
  return leaseEnd - (1 - MISSED_SHARE) * leaseMs;
}

/** Milliseconds for one unit of cost, the median; null where too few are known. */
function usualMs(peers: readonly Finished[]): number | null {
  const speeds = peers.flatMap(({ cost, startedAt, finishedAt }) =>
    startedAt === null || finishedAt === null ? [] : [(finishedAt - startedAt) / cost],
  );
  if (speeds.length < FEWEST_PEERS) return null;
  return speeds.sort((one, other) => one - other)[Math.floor(speeds.length / 2)] ?? null;
}
