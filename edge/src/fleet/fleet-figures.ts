/** Agents and slots in numbers, pure: the catalogue's rows and the coordinator's sight put together, for /metrics. */
import type { ResourceClass, Slots } from "#protocol";

const CLASSES: readonly ResourceClass[] = ["gpu", "cpu", "io"];
export const AGENT_STATES = ["online", "resting", "offline", "draining", "paused"] as const;

/** Of the catalogue's row. */
interface Wanted {
  id: string;
  state: "active" | "paused" | "draining";
}
/** Of the coordinator's sight. */
interface Seen {
  id: string;
  connectedAt: number | null;
  resting: string | null;
  slots: Slots;
  free: Slots;
  jobs: readonly { slot: ResourceClass }[];
}

/** As `GET /api/agents` has their states: the first that holds. `rows` without the revoked ones. */
export function agentFigures(rows: readonly Wanted[], seen: readonly Seen[]): Record<string, number> {
  const links = new Map(seen.map((agent) => [agent.id, agent]));
  const counts: Record<string, number> = Object.fromEntries(AGENT_STATES.map((state) => [state, 0]));
  for (const { id, state } of rows) {
    const is = state === "active" ? linkState(links.get(id)) : state;
    counts[is] = (counts[is] ?? 0) + 1;
  }
  return counts;
}

function linkState(seen: Seen | undefined): (typeof AGENT_STATES)[number] {
  if (!seen || seen.connectedAt === null) return "offline";
  return seen.resting === null ? "online" : "resting";
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
