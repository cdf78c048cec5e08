/**
 * Which agents are to move to another pool, pure. Called each minute by `sweep-pools.ts` with how all pools stand.
 *
 * Lent: an agent that is idle, and of no use to what waits in its own pool, goes where a job has waited for a while
 * that it can do. At most half of a pool's idle ones go in one pass, and no more than the waiting jobs can use.
 * Borrowed: where nobody is idle, a pool gets one agent in a pass from another that is less pressed and stays so
 * afterwards, hence none goes back and forth; or from any other where it has nobody at all who can, by turns then.
 * Sent home: what is idle in a pool that gets no new files and has nothing left to do goes to the first that does.
 */
import { MINUTE, SECOND } from "../../config.ts";
import type { ReadyGroup } from "../store/figure-store.ts";
import type { Seat, Work } from "../ledger/ledger-types.ts";
import { isAble } from "../grants/schedule.ts";
import type { AgentLink } from "./replacing.ts";

/** A grant takes far less where somebody is free. */
const PATIENCE_MS = 5 * SECOND;
/** Who is busy elsewhere is called only then. */
const BORROW_MS = MINUTE;
/** Whoever is taken from work stays at least so long where it came to. */
const STAY_MS = 2 * MINUTE;
/** Of a pool's idle agents, in one pass. */
const LENT_SHARE = 1 / 2;

/** An agent that takes jobs. */
export interface AgentStanding extends Pick<Seat, "agentId" | "kinds" | "drained" | "capacity"> {
  /** Leases it holds. */
  held: number;
  /** It holds none and has said what it has free. */
  idle: boolean;
  connectedAt: number;
}

export interface PoolStanding {
  pool: string;
  /** Ready jobs. */
  waiting: ReadyGroup[];
  /** Jobs that are not over. */
  open: number;
  agents: AgentStanding[];
  /** Of all agents, also those that take nothing. */
  links: AgentLink[];
}

export interface Move {
  from: string;
  to: string;
  agents: string[];
  /** `idle`: only who holds nothing then; `free`: once it holds nothing, and it gets nothing until then. */
  when: "idle" | "free";
}

type Demand = ReadyGroup & { pool: string };

/** `listed`: pools that get new files, the first of them first. */
export function balance(standings: readonly PoolStanding[], listed: readonly string[], now: number): Move[] {
  const pools = standings.map((standing): Lending => ({
    ...standing,
    mayLend: Math.ceil(standing.agents.filter(({ idle }) => idle).length * LENT_SHARE),
    arrivals: [],
  }));
  const moves: Move[] = [];
  for (const demand of demandsOf(pools, now)) {
    const lent = lend(pools, demand);
    moves.push(...lent);
    if (lent.length === 0) moves.push(...borrow(pools, demand, now));
  }
  return merged([...moves, ...sendHome(pools, listed)]);
}

interface Lending extends PoolStanding {
  /** Idle agents that may still go in this pass. */
  mayLend: number;
  /** Who comes to it in this pass. */
  arrivals: AgentStanding[];
}

/** The longest wait first. */
function demandsOf(pools: readonly PoolStanding[], now: number): Demand[] {
  return pools
    .flatMap(({ pool, waiting }) => waiting.map((group) => ({ ...group, pool })))
    .filter(({ oldest }) => now - oldest >= PATIENCE_MS)
    .toSorted((one, other) => one.oldest - other.oldest);
}

function lend(pools: readonly Lending[], demand: Demand): Move[] {
  const moves: Move[] = [];
  const to = pools.find(({ pool }) => pool === demand.pool);
  let lacking = demand.count - slotsOf(to?.arrivals ?? [], demand);
  while (lacking > 0) {
    const from = most(pools, (one) => (one === to || one.mayLend === 0 ? 0 : lendable(one, demand).length));
    const [agent] = from ? lendable(from, demand) : [];
    if (!from || !agent || !to) break;
    from.mayLend -= 1;
    lacking -= slotsFor(agent, demand);
    moves.push(send(from, to, agent, "idle"));
  }
  return moves;
}

/** Idle, able, and of no use where it is. */
function lendable({ agents, waiting }: Lending, demand: Work): AgentStanding[] {
  return agents.filter(
    (agent) => agent.idle && isAble(agent, demand) && !waiting.some((group) => isAble(agent, group)),
  );
}

function borrow(pools: readonly Lending[], demand: Demand, now: number): Move[] {
  const to = pools.find(({ pool }) => pool === demand.pool);
  if (!to || to.arrivals.length > 0 || now - demand.oldest < BORROW_MS) return [];
  const [choice] = pools
    .filter((one) => one !== to)
    .flatMap((from) =>
      from.agents
        .filter((agent) => isAble(agent, demand) && now - agent.connectedAt >= STAY_MS)
        .filter((agent) => isFair(from, to, agent, demand))
        .map((agent) => ({ from, agent, pressure: pressureOf(from, demand) })),
    )
    .toSorted((one, other) => one.pressure - other.pressure || one.agent.held - other.agent.held);
  return choice ? [send(choice.from, to, choice.agent, "free")] : [];
}

/** Afterwards the one that lends is still the less pressed; whoever has nobody at all is not asked for that. */
function isFair(from: PoolStanding, to: PoolStanding, agent: AgentStanding, demand: Work): boolean {
  if (slotsOf(to.agents, demand) === 0) return true;
  const slots = slotsFor(agent, demand);
  return pressureOf(to, demand, slots) >= pressureOf(from, demand, -slots);
}

/** Waiting jobs for each slot, if there were `more` of them. */
function pressureOf(standing: PoolStanding, demand: Work, more = 0): number {
  const same = standing.waiting.filter(({ needs }) => needs === demand.needs);
  const jobs = same.reduce((sum, { count }) => sum + count, 0);
  return jobs === 0 ? 0 : jobs / Math.max(0, slotsOf(standing.agents, demand) + more);
}

function slotsOf(agents: readonly AgentStanding[], demand: Work): number {
  return agents
    .filter((agent) => isAble(agent, demand))
    .reduce((sum, agent) => sum + slotsFor(agent, demand), 0);
}

function slotsFor({ capacity }: AgentStanding, { needs }: Work): number {
  return needs === "io" ? capacity.io : capacity.gpu + capacity.cpu;
}

function sendHome(pools: readonly Lending[], listed: readonly string[]): Move[] {
  const home = pools.find(({ pool }) => pool === listed[0]);
  if (!home) return [];
  return pools
    .filter(({ pool, open }) => open === 0 && !listed.includes(pool))
    .flatMap((from) =>
      from.agents.filter(({ idle }) => idle).map((agent) => send(from, home, agent, "idle")),
    );
}

/** It is there from now on, for the rest of this pass. */
function send(from: Lending, to: Lending, agent: AgentStanding, when: Move["when"]): Move {
  from.agents = from.agents.filter((one) => one !== agent);
  to.agents = [...to.agents, { ...agent, idle: false }];
  to.arrivals.push(agent);
  return { from: from.pool, to: to.pool, agents: [agent.agentId], when };
}

function most<T>(all: readonly T[], count: (one: T) => number): T | undefined {
  const [best] = all.filter((one) => count(one) > 0).toSorted((one, other) => count(other) - count(one));
  return best;
}

/** One for each way. */
function merged(moves: readonly Move[]): Move[] {
  const ways = Map.groupBy(moves, ({ from, to, when }) => `${from} ${to} ${when}`);
  return [...ways.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, agents: [first, ...others].flatMap(({ agents }) => agents) }] : [],
  );
}
