/**
 * What an agent says of itself at `/healthz` and `/metrics`: pure, from its standing with the edge and the state of
 * its runner. Served by `health-server.ts`; holds no key, no address of a file and no name of one.
 */
import type { Standing } from "../connection.ts";
import type { Slots } from "../protocol.ts";
import type { RunnerState } from "../runner.ts";

export interface Facts {
  version: string;
  label: string;
  /** Host of the edge. */
  edge: string;
  /** Milliseconds since 1970. */
  started: number;
  slots: Slots;
  standing: Standing;
  runner: RunnerState;
}

export interface Health {
  /** Connected to its edge, at work or at rest. */
  ok: boolean;
  version: string;
  label: string;
  edge: string;
  started_at: string;
  connected: boolean;
  /** When it connected, or lost contact. */
  since: string;
  slots: Slots;
  free: Slots;
  resting: string | null;
  draining: boolean;
  jobs: { id: string; kind: string; slot: string; fraction: number; started_at: string }[];
  done: number;
  failed: number;
  dropped: number;
  last_error: { sentence: string; at: string } | null;
}

const iso = (ms: number) => new Date(ms).toISOString();

export function healthOf({ version, label, edge, started, slots, standing, runner }: Facts): Health {
  const { connected, since, lastError } = standing;
  return {
    ok: connected,
    version,
    label,
    edge,
    started_at: iso(started),
    connected,
    since: iso(since),
    slots,
    free: runner.free,
    resting: runner.resting,
    draining: runner.draining,
    jobs: runner.jobs.map(({ since: begun, ...job }) => ({ ...job, started_at: iso(begun) })),
    ...runner.fates,
    last_error: lastError && { sentence: lastError.sentence, at: iso(lastError.at) },
  };
}

/** In Prometheus' text format. */
export function metricsOf(health: Health): string {
  const flag = (on: boolean) => (on ? 1 : 0);
  const byClass = (slots: Slots) =>
    (["gpu", "cpu", "io"] as const).map((slot) => `{slot="${slot}"} ${slots[slot]}`);
  const families: [name: string, kind: "gauge" | "counter", help: string, samples: string[]][] = [
    ["capcloud_agent_info", "gauge", "The agent's version.", [`{version="${health.version}"} 1`]],
    [
      "capcloud_agent_connected",
      "gauge",
      "1 while the edge hears this agent.",
      [` ${flag(health.connected)}`],
    ],
    [
      "capcloud_agent_resting",
      "gauge",
      "1 while it takes nothing although it could.",
      [` ${flag(health.resting !== null)}`],
    ],
    ["capcloud_agent_jobs", "gauge", "Jobs it holds.", [` ${health.jobs.length}`]],
    ["capcloud_agent_slots", "gauge", "Jobs at a time, by class.", byClass(health.slots)],
    ["capcloud_agent_free_slots", "gauge", "Jobs it would begin now, by class.", byClass(health.free)],
    [
      "capcloud_agent_jobs_total",
      "counter",
      "Jobs that are over, by what became of them here.",
      (["done", "failed", "dropped"] as const).map((fate) => `{fate="${fate}"} ${health[fate]}`),
    ],
  ];
  return families
    .flatMap(([name, kind, help, samples]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${kind}`,
      ...samples.map((sample) => `${name}${sample}`),
    ])
    .concat("")
    .join("\n");
}
