/**
 * Gives a slow rectangle a second agent when there is nothing better to do: one job row more, with the first one
 * in `hedgeOf`. Who commits first owns the segments, and the other is cancelled. Called by `dispatch.ts`.
 */
import { isSlow, silentFrom } from "./hedging.ts";
import type { Job, Seat } from "../ledger/ledger-types.ts";
import { isExtra, planHedge } from "../plans/pieces.ts";
import type { Pool } from "../pool.ts";
import { isAble, slotFor } from "./schedule.ts";
import { apply, enqueueJobs, type Turn } from "../turns.ts";

/** True where a hedge was made. Looks again when the next agent will have been silent too long. */
export function hedgeTurn(pool: Pool, turn: Turn): boolean {
  const { leaseMs } = pool.config;
  const seats = pool.sockets.freeSeats(turn.now);
  const candidates = turn.store.films.encoding().filter((job) => isCandidate(turn, job, seats));
  const slow = candidates.find((job) => isSlow(job, peersOf(turn, job), leaseMs, turn.now));
  if (slow) return hedge(turn, slow);
  const silences = candidates.flatMap(({ leaseEnd }) =>
    leaseEnd === null ? [] : [silentFrom(leaseEnd, leaseMs)],
  );
  if (silences.length > 0) pool.arm(Math.min(...silences));
  return false;
}

/** Not hedged yet, nothing else of the film could be begun, and another agent has a slot for what the hedge would be. */
function isCandidate({ store }: Turn, job: Job, seats: readonly Seat[]): boolean {
  const asked = planHedge(job);
  const other = seats.some(
    (seat) => seat.agentId !== job.agentId && isAble(seat, asked) && slotFor(asked, seat) !== null,
  );
  return other && !isExtra(job) && store.jobs.hedgeOf(job.id) === null && !store.films.hasReady(job.fileId);
}

function peersOf({ store }: Turn, { fileId, kind, needs }: Job): Job[] {
  return store.jobs.ofKind(fileId, [kind]).filter((peer) => peer.state === "done" && peer.needs === needs);
}

function hedge(turn: Turn, slow: Job): boolean {
  const [id] = enqueueJobs(turn, [planHedge(slow)]);
  const made = id === undefined ? null : turn.store.jobs.find(id);
  return made !== null && apply(turn, made, { ...made, avoid: slow.agentId });
}
