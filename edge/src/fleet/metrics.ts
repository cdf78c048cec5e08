/**
 * The figures of the host as Prometheus reads them (text format 0.0.4, prometheus.io/docs/instrumenting). Pure:
 * `routes/metrics.ts` gathers what it is given. Names never change once they are out; labels hold kinds, states
 * and pools, never what people typed.
 */
import { SECOND } from "../config.ts";
import type { PoolFigures } from "../coordinator/client.ts";

export interface ShardFigures {
  name: string;
  usedBytes: number;
  budgetBytes: number;
  /** Passed over for a while, since its last operations failed. */
  cooling: boolean;
}

export interface HostFigures {
  pools: PoolFigures[];
  /** Agents by state. */
  agents: Record<string, number>;
  /** Slots of connected agents by class: held by leases, and free for more. */
  slots: Record<string, { busy: number; free: number }>;
  shards: ShardFigures[];
  /** Words the coordinator has yet to hear. */
  unsent: number;
  /** Null: there is no receiver. */
  webhook: { waiting: number; disabled: boolean } | null;
}

type Labels = Record<string, string>;
type Sample = readonly [labels: Labels, value: number];
type Type = "gauge" | "counter";

/** Of `capcloud_jobs_waiting` every combination is there, so that a sum over it is never empty. */
const NEEDS = ["encoder", "io"];
const CLASSES = ["stills", "awaited", "first", "head", "rest", "after"];

/** Each has the label `pool` besides. */
const OF_POOLS: readonly (readonly [
  name: string,
  type: Type,
  help: string,
  (pool: PoolFigures) => Sample[],
])[] = [
  [
    "jobs",
    "gauge",
    "Jobs by state; finished ones are in capcloud_jobs_finished_total.",
    ({ jobs }) => byLabel("state", jobs),
  ],
  ["jobs_waiting", "gauge", "Ready jobs by what they need of an agent, and by class.", waitingSamples],
  [
    "jobs_starving",
    "gauge",
    "Ready jobs that no connected agent can do.",
    ({ starving }) => single(starving),
  ],
  [
    "queue_oldest_wait_seconds",
    "gauge",
    "How long the oldest ready job has waited; 0 where none does.",
    ({ oldestWaitMs }) => single((oldestWaitMs ?? 0) / SECOND),
  ],
  [
    "leases_lost_total",
    "counter",
    "Leases that ran out with their agent gone.",
    ({ leasesLost }) => single(leasesLost),
  ],
  [
    "jobs_finished_total",
    "counter",
    "Jobs that came to their end, by kind and outcome.",
    ({ finished }) => finished.map(({ kind, outcome, count }) => [{ kind, outcome }, count]),
  ],
  ["outbox", "gauge", "Words that the catalogue has yet to hear.", ({ outbox }) => single(outbox)],
  [
    "viewers_waiting",
    "gauge",
    "Viewers and watchers waiting inside the coordinator now.",
    ({ viewers }) => single(viewers),
  ],
];

const OF_HOST: readonly (readonly [
  name: string,
  type: Type,
  help: string,
  (host: HostFigures) => Sample[],
])[] = [
  ["agents", "gauge", "Agents by state.", ({ agents }) => byLabel("state", agents)],
  ["slots", "gauge", "Slots of connected agents by class and use.", slotSamples],
  ["unsent", "gauge", "Words that the coordinator has yet to hear.", ({ unsent }) => single(unsent)],
  [
    "shard_used_bytes",
    "gauge",
    "Bytes stored and reserved in a shard.",
    ({ shards }) => ofShards(shards, ({ usedBytes }) => usedBytes),
  ],
  [
    "shard_budget_bytes",
    "gauge",
    "Bytes a shard may hold.",
    ({ shards }) => ofShards(shards, ({ budgetBytes }) => budgetBytes),
  ],
  [
    "shard_cooling",
    "gauge",
    "1 while a shard is passed over after failures.",
    ({ shards }) => ofShards(shards, ({ cooling }) => Number(cooling)),
  ],
  [
    "webhook_waiting",
    "gauge",
    "Events that the receiver has yet to take.",
    ({ webhook }) => (webhook === null ? [] : single(webhook.waiting)),
  ],
  [
    "webhook_disabled",
    "gauge",
    "1 where the receiver failed for a day and gets nothing any more.",
    ({ webhook }) => (webhook === null ? [] : single(Number(webhook.disabled))),
  ],
];

export function formatMetrics(figures: HostFigures): string {
  const { pools } = figures;
  return [
    ...OF_POOLS.map(([name, type, help, read]) => family(name, type, help, ofPools(pools, read))),
    summary(pools),
    ...OF_HOST.map(([name, type, help, read]) => family(name, type, help, read(figures))),
  ].join("");
}

function ofPools(pools: readonly PoolFigures[], read: (pool: PoolFigures) => Sample[]): Sample[] {
  return pools.flatMap((pool) =>
    read(pool).map(([labels, value]): Sample => [{ pool: pool.pool, ...labels }, value]),
  );
}

function single(value: number): Sample[] {
  return [[{}, value]];
}

function byLabel(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([text, count]) => [{ [label]: text }, count]);
}

function ofShards(shards: readonly ShardFigures[], read: (shard: ShardFigures) => number): Sample[] {
  return shards.map((shard) => [{ shard: shard.name }, read(shard)]);
}

function slotSamples({ slots }: HostFigures): Sample[] {
  return Object.entries(slots).flatMap(([name, { busy, free }]): Sample[] => [
    [{ class: name, use: "busy" }, busy],
    [{ class: name, use: "free" }, free],
  ]);
}

function waitingSamples({ waiting }: PoolFigures): Sample[] {
  return NEEDS.flatMap((needs) =>
    CLASSES.map((name): Sample => {
      const own = waiting.filter((group) => group.needs === needs && group.class === name);
      return [{ needs, class: name }, own.reduce((sum, { count }) => sum + count, 0)];
    }),
  );
}

/** Without quantiles: of sums and counts means and rates are made. */
function summary(pools: readonly PoolFigures[]): string {
  const sums = ofPools(pools, ({ seconds }) => seconds.map(({ kind, sum }) => [{ kind }, sum]));
  const counts = ofPools(pools, ({ seconds, finished }) =>
    seconds.map(({ kind }) => {
      const done = finished.find((one) => one.kind === kind && one.outcome === "done");
      return [{ kind }, done?.count ?? 0];
    }),
  );
  if (sums.length === 0) return "";
  return [
    head("job_seconds", "summary", "What done jobs took, from their last grant to their commit."),
    ...sums.map((sample) => line("job_seconds_sum", sample)),
    ...counts.map((sample) => line("job_seconds_count", sample)),
  ].join("");
}

/** Nothing at all where there are no samples. */
function family(name: string, type: Type, help: string, samples: readonly Sample[]): string {
  return samples.length === 0 ? "" : head(name, type, help) + samples.map((one) => line(name, one)).join("");
}

function head(name: string, type: Type | "summary", help: string): string {
  return `# HELP capcloud_${name} ${help}\n# TYPE capcloud_${name} ${type}\n`;
}

function line(name: string, [labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `capcloud_${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
