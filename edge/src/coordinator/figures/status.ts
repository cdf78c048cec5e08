/** How the pool stands, for /healthz, the doctor and people. Holds no secret. */
import { starvingOf } from "./figures.ts";
import type { Pool } from "../pool.ts";

const LISTED_AGENTS = 200;

export interface CoordinatorStatus {
  agents: {
    id: string;
    label: string;
    version: string;
    online: boolean;
    seenAt: number;
    encoders: string[];
  }[];
  /** Jobs by state. */
  jobs: Record<string, number>;
  /** Ready jobs that no connected agent can do. */
  starving: number;
  /** Words the catalogue has yet to hear. */
  outbox: number;
  /** Viewers waiting now. */
  waits: number;
}

export function statusOf(pool: Pool, now: number): CoordinatorStatus {
  return {
    agents: pool.store.agents
      .list(LISTED_AGENTS)
      .map(({ agentId, label, version, seenAt, capabilities }) => ({
        id: agentId,
        label,
        version,
        online: pool.sockets.find(agentId) !== null,
        seenAt,
        encoders: capabilities.encoders,
      })),
    jobs: pool.store.queue.countByState(),
    starving: starvingOf(pool, now).reduce((sum, { count }) => sum + count, 0),
    outbox: pool.store.outbox.count(),
    waits: pool.waiters.count(),
  };
}
