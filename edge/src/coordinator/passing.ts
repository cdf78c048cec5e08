/**
 * What time alone brings about: ageing, leases that ran out, pauses that are over, words the catalogue has not
 * heard. Called by the alarm and by the minute's cron, with any time they like; safe to call at any moment.
 */
import { dispatch } from "./grants/dispatch.ts";
import { settleMoves } from "./pools/moving.ts";
import { armNext, inTurn, log, said, type Pool } from "./pool.ts";
import { publishDue } from "./results/publish.ts";
import { passTime } from "./turns.ts";
import { verifyJob } from "./results/verify.ts";

/** Rows in one pass; the alarm comes back at once for the rest. */
const ROWS_PER_PASS = 200;

export async function tick(pool: Pool, now: number): Promise<void> {
  await guarded(pool, "time", () => expire(pool, now));
  // Before anything is waited for: storage and catalogue may take their time, and a lost job is not to wait for them.
  armNext(pool, now);
  await guarded(pool, "dispatch", () => dispatch(pool, now));
  await Promise.all([
    guarded(pool, "verify", () => verifyDue(pool, now)),
    guarded(pool, "publish", () => publishDue(pool, now)),
  ]);
}

function expire(pool: Pool, now: number): Promise<void> {
  pool.sockets.closeSilent();
  // Links live by the real clock.
  settleMoves(pool, Date.now());
  inTurn(pool, now, (turn) => passTime(turn, ROWS_PER_PASS));
  return Promise.resolve();
}

async function verifyDue(pool: Pool, now: number): Promise<void> {
  const due = pool.store.queue.awake(now, "committing", ROWS_PER_PASS);
  await Promise.all(due.map((job) => verifyJob(pool, job, now)));
}

/** One part that fails must not keep the others from their turn. */
async function guarded(pool: Pool, part: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    log(pool, "error", "tick failed", { part, error: said(error) });
  }
}
