/**
 * Who gets what next: pairs waiting jobs with free slots. Pure but for the rings, seats and counts it is
 * given, which it moves on. Called by `dispatch.ts` whenever a job or a slot came free.
 *
 * Jobs: highest rank first (ageing lifts it); inside a rank owners take turns; inside an owner what is nearest
 * to the start. An owner above a quarter of all slots stands back while others have a job that could go.
 * Agents: able and not drained for the kind, not the one that just lost the job, none that holds another job that
 * was lost before (a file that kills its agent must not take the same bystander with it each time), the higher tier first, a
 * GPU before cores, then the most free slots, then who has the file's bytes already, then the fastest at that kind.
 */
import { LEASES_IN_SENDING, type ResourceClass, type Slots } from "#protocol";
import { SECOND } from "../../config.ts";
import { RANK, type Seat, type Waiting, type Work } from "../ledger/ledger-types.ts";
import { createRing, takeTurn, type Ring } from "./turn-taking.ts";

/** Part of all slots that one owner may hold while others wait. */
const OWNER_SHARE = 1 / 4;
/** After a second loss only another agent will do, if one is online, but not for longer than this. */
export const AVOID_MS = 45 * SECOND;
/** Losses after which the loser has to stand back even when every other agent is busy. */
export const STRICT_LOSSES = 2;
/** After a loss no two of them share an agent, for as long: which of the jobs an agent held was it that killed it? */
export const SUSPECT_LOSSES = 1;

export interface Pairing {
  job: string;
  agentId: string;
  slot: ResourceClass;
}

/** What else the choice hangs on, of all agents online and not only of those with a free slot. */
export interface Usage {
  /** Slots held, by owner. */
  held: Map<string, number>;
  /** Slots of all agents online. */
  slots: number;
  /** Whether another agent than this one could do it, busy or not. */
  hasOther: (work: Work, agentId: string) => boolean;
  /** Agents that hold a job that was lost before. */
  suspected: Set<string>;
}

/** One ring for each rank. */
export type Rings = Map<number, Ring>;

/** Pairs until no free slot or no job that fits is left, or `limit` is reached. */
export function pairUp(
  waiting: readonly Waiting[],
  seats: readonly Seat[],
  usage: Usage,
  rings: Rings,
  now: number,
  limit: number,
): Pairing[] {
  let left = waiting
    .map((job) => ({ ...job, barred: barredFrom(job, usage, now) }))
    .map((job) => ({ ...job, apart: isSuspect(job, now) ? usage.suspected : NONE }));
  const openings = createOpenings(seats);
  const pairings: Pairing[] = [];
  while (pairings.length < limit) {
    // Slots only go: what fits nowhere now will not fit later.
    left = left.filter((job) => openings.has(job));
    const modest = left.filter((job) => isModest(job.owner, usage));
    const job = pickJob(modest.length > 0 ? modest : left, rings);
    const seat = job && pickSeat(job, seats);
    const slot = seat && slotFor(job, seat);
    if (!job || !seat || !slot) return pairings;
    seat.free[slot] -= 1;
    usage.held.set(job.owner, (usage.held.get(job.owner) ?? 0) + 1);
    if (job.losses >= SUSPECT_LOSSES) usage.suspected.add(seat.agentId);
    left.splice(left.indexOf(job), 1);
    pairings.push({ job: job.id, agentId: seat.agentId, slot });
  }
  return pairings;
}

/** A job that waits, and the agents that must not have it: who lost it, and those it has to stay apart from. */
type Candidate = Waiting & { barred: string | null; apart: ReadonlySet<string> };
const NONE: ReadonlySet<string> = new Set();

/** Who fits somewhere, without looking at all seats again for each: seats before the first that fits never will. */
function createOpenings(seats: readonly Seat[]): { has(job: Candidate): boolean } {
  const firsts = new Map<string, number>();
  return {
    has: (job) => {
      const traits = [Math.max(job.rank, RANK.first), job.apart === NONE ? "" : "apart"];
      const ask = [job.kind, job.needs, job.barred ?? "", ...traits].join(" ");
      let at = firsts.get(ask) ?? 0;
      for (let seat = seats[at]; seat && !suits(seat, job); seat = seats[at]) at += 1;
      firsts.set(ask, at);
      return at < seats.length;
    },
  };
}

function suits(seat: Seat, job: Candidate): boolean {
  return (
    slotFor(job, seat) !== null &&
    isAble(seat, job) &&
    seat.agentId !== job.barred &&
    !job.apart.has(seat.agentId)
  );
}

/**
 * Encoding takes a GPU where one is free, else cores; everything else, copies too, mostly reads and writes. What
 * somebody waits for, and a film's first rectangle, go beside what is being encoded: they are short, and that may take
 * a minute.
 */
export function slotFor(
  job: Pick<Waiting, "needs" | "rank">,
  seat: Pick<Seat, "free" | "capacity">,
): ResourceClass | null {
  if (job.needs === "encoder" && seat.free.gpu > 0) return "gpu";
  if (job.needs === "encoder" && seat.free.cpu > 0) return "cpu";
  if (job.needs === "encoder" && !isUrgent(job)) return null;
  return seat.free.io > keptFree(job, seat) ? "io" : null;
}

/** What nobody waits for yet takes half of these slots at most: long stretches of sound would fill them all. */
function keptFree({ rank }: Pick<Waiting, "rank">, { capacity }: Pick<Seat, "capacity">): number {
  const slots = Math.max(1, slotsAtWork(capacity).io);
  return rank <= RANK.head ? 0 : Math.min(slots - 1, Math.ceil(slots / 2));
}

/** Of the leases that an agent can hold, those it works on; the objects of the others are being sent. */
export function slotsAtWork({ gpu, cpu, io }: Slots): Slots {
  const atWork = (leases: number) => (leases > 0 ? Math.max(1, leases - LEASES_IN_SENDING) : 0);
  return { gpu: atWork(gpu), cpu: atWork(cpu), io: atWork(io) };
}

function isUrgent({ rank }: Pick<Waiting, "rank">): boolean {
  return rank <= RANK.first;
}

/** Could ever do it, busy or not. */
export function isAble(seat: Pick<Seat, "capacity" | "kinds" | "drained">, { kind, needs }: Work): boolean {
  const roomy = needs === "encoder" ? seat.capacity.gpu + seat.capacity.cpu > 0 : seat.capacity.io > 0;
  return roomy && seat.kinds.includes(kind) && !seat.drained.includes(kind);
}

function isModest(owner: string, usage: Usage): boolean {
  return (usage.held.get(owner) ?? 0) < Math.max(1, Math.floor(usage.slots * OWNER_SHARE));
}

function pickJob(jobs: readonly Candidate[], rings: Rings): Candidate | null {
  let turn = Infinity;
  for (const job of jobs) turn = Math.min(turn, job.turn);
  const heads = new Map<string, Candidate>();
  for (const job of jobs) {
    if (job.turn !== turn) continue;
    const head = heads.get(job.owner);
    if (!head || comesBefore(job, head)) heads.set(job.owner, job);
  }
  const ring = rings.get(turn) ?? createRing();
  rings.set(turn, ring);
  const costs = new Map([...heads].map(([owner, job]) => [owner, job.cost]));
  const owner = takeTurn(ring, costs);
  return owner === null ? null : (heads.get(owner) ?? null);
}

function comesBefore(one: Waiting, other: Waiting): boolean {
  if (one.position !== other.position) return one.position < other.position;
  return one.id < other.id;
}

function pickSeat(job: Candidate, seats: readonly Seat[]): Seat | null {
  let best: Seat | null = null;
  for (const seat of seats) {
    if (suits(seat, job) && (best === null || isBetter(seat, best, job))) best = seat;
  }
  return best;
}

function barredFrom(job: Waiting, usage: Usage, now: number): string | null {
  const { losses, avoid, waitingSince, hedgeOf } = job;
  if (avoid === null) return null;
  // A hedge on the agent that is slow would gain nothing.
  if (hedgeOf !== null) return avoid;
  if (losses < STRICT_LOSSES || now - waitingSince >= AVOID_MS) return null;
  return usage.hasOther(job, avoid) ? avoid : null;
}

function isSuspect({ losses, waitingSince }: Waiting, now: number): boolean {
  return losses >= SUSPECT_LOSSES && now - waitingSince < AVOID_MS;
}

/** The first difference decides. Asked for every free seat with every grant, so it makes nothing. */
function isBetter(seat: Seat, best: Seat, job: Waiting): boolean {
  const difference =
    Number(best.agentId === job.avoid) - Number(seat.agentId === job.avoid) ||
    seat.tier - best.tier ||
    (job.needs === "encoder" ? Number(seat.free.gpu > 0) - Number(best.free.gpu > 0) : 0) ||
    countFree(seat) - countFree(best) ||
    Number(job.holders.includes(seat.agentId)) - Number(job.holders.includes(best.agentId)) ||
    (seat.speed[job.kind] ?? 0) - (best.speed[job.kind] ?? 0);
  return difference === 0 ? seat.agentId < best.agentId : difference > 0;
}

function countFree({ free }: Seat): number {
  return free.gpu + free.cpu + free.io;
}
