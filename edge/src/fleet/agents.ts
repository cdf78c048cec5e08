/**
 * The operator's agents: looked at, made, changed, revoked. The catalogue is written first, then the coordinators are
 * told; should that fail, the minute's sweep tells it again, but for a new home, which is to be chosen once more. Called
 * by `routes/agents.ts` and by the pages.
 */
import {
  changeAgent,
  createAgent,
  findAgent,
  listAgents,
  revokeAgent,
  type AgentChange,
  type AgentRow,
} from "../catalog/agents.ts";
import { DAY, loadConfig } from "../config.ts";
import { orderOf } from "../coordinator/admin/orders.ts";
import { everywhere } from "../coordinator/client.ts";
import { allPools } from "../coordinator/pools/pools.ts";
import { Problem } from "../http/problems.ts";
import { agentView, queueView, type AgentView, type QueueView } from "./agent-view.ts";
import type { Desk } from "./desk.ts";
import { oneFleet, type WholeFleet } from "./together.ts";

/** Revoked ones are shown so long. */
const REVOKED_SHOWN_MS = 30 * DAY;

export interface FleetView {
  agents: AgentView[];
  queue: QueueView;
}

export async function readFleet(desk: Desk, now: number): Promise<FleetView> {
  const [rows, fleet] = await Promise.all([listAgents(desk.db, now - REVOKED_SHOWN_MS), wholeFleet(desk)]);
  const seen = new Map(fleet.agents.map((agent) => [agent.id, agent]));
  return {
    agents: rows.map((row) => agentView(row, seen.get(row.id))),
    queue: queueView(fleet.queue, now),
  };
}

/** As the coordinators of all pools see it. */
export async function wholeFleet({ env, db }: Pick<Desk, "env" | "db">): Promise<WholeFleet> {
  const fleets = everywhere(env, await allPools(env, db), async (coordinator, pool) => ({
    ...(await coordinator.fleet()),
    pool,
  }));
  return oneFleet(await fleets);
}

/** The key is told here and never again. */
export function addAgent({ db }: Desk, label: string, now: number): Promise<{ id: string; key: string }> {
  return createAgent(db, { label }, now);
}

export async function editAgent(
  desk: Desk,
  id: string,
  change: AgentChange,
  now: number,
): Promise<AgentView> {
  if (change.pool !== undefined) requirePool(desk, change.pool);
  const row = await changeAgent(desk.db, id, change, now);
  if (!row) throw await unknownAgent(desk, id);
  // Each as far as it gets, whatever becomes of the other.
  const told = [tell(desk, row), ...(change.pool === undefined ? [] : [send(desk, row)])];
  await Promise.allSettled(told);
  await Promise.all(told);
  const { agents } = await wholeFleet(desk);
  return agentView(
    row,
    agents.find((seen) => seen.id === id),
  );
}

/** Once more changes nothing and answers the same. */
export async function dismissAgent(desk: Desk, id: string, now: number): Promise<void> {
  await revokeAgent(desk.db, id, now);
  const row = await findAgent(desk.db, id);
  if (!row) throw await unknownAgent(desk, id);
  await tell(desk, row);
}

/** All pools: it may hold jobs of one and be on its way to another. */
async function tell({ env, db }: Desk, row: AgentRow): Promise<void> {
  await everywhere(env, await allPools(env, db), (coordinator) => coordinator.steer(orderOf(row)));
}

/** Wherever it is. */
async function send({ env, db }: Desk, { id, pool: to }: AgentRow): Promise<void> {
  await everywhere(env, await allPools(env, db), (coordinator) => coordinator.sendAgent(id, to));
}

/** A pool that gets no new files is no home: its agents leave as soon as it has nothing left to do. */
function requirePool({ env }: Desk, pool: string): void {
  const { pools } = loadConfig(env);
  if (pools.includes(pool)) return;
  throw new Problem("invalid", "There is no pool of that name that takes agents.", {
    hint: `Send one of those in POOLS: ${pools.join(", ")}.`,
  });
}

async function unknownAgent({ db }: Desk, id: string): Promise<Problem> {
  if (await findAgent(db, id)) {
    return new Problem("gone", "This agent's key was revoked.", {
      hint: "Make a new agent with POST /api/agents, or enrol the machine again.",
    });
  }
  return new Problem("not_found", "There is no such agent.", { hint: "GET /api/agents lists them." });
}
