/** Agents and slots in numbers, pure: the catalogue's rows and the coordinator's sight put together, for /metrics. */
import type { ResourceClass } from "#protocol";
import type { AgentRow } from "../catalog/agents.ts";
import type { AgentSight } from "../coordinator/admin/fleet-sight.ts";
import { stateOf, type AgentViewState } from "./agent-view.ts";

const CLASSES: readonly ResourceClass[] = ["gpu", "cpu", "io"];
/** Revoked ones are no part of the fleet. */
const STATES: readonly AgentViewState[] = ["online", "resting", "offline", "draining", "paused"];

type Wanted = Pick<AgentRow, "id" | "state" | "revokedAt">;
type Seen = Pick<AgentSight, "id" | "connectedAt" | "resting" | "free"> & {
  jobs: readonly { slot: ResourceClass }[];
};

/** By the states of `GET /api/agents`. */
export function agentFigures(rows: readonly Wanted[], seen: readonly Seen[]): Record<string, number> {
  const links = new Map(seen.map((agent) => [agent.id, agent]));
  const states = rows.map((row) => stateOf(row, links.get(row.id)));
  return Object.fromEntries(STATES.map((state) => [state, states.filter((one) => one === state).length]));
}

/** Held by leases, also of agents that left a moment ago; free only where one is connected. */
export function slotFigures(seen: readonly Seen[]): Record<string, { busy: number; free: number }> {
  return Object.fromEntries(
    CLASSES.map((name) => {
      const busy = seen.reduce((sum, { jobs }) => sum + jobs.filter(({ slot }) => slot === name).length, 0);
      return [name, { busy, free: seen.reduce((sum, { free }) => sum + free[name], 0) }];
    }),
  );
}
