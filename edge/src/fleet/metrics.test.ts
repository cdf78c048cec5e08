import { expect, test } from "vitest";
import type { PoolFigures } from "../coordinator/client.ts";
import { agentFigures, slotFigures } from "./fleet-figures.ts";
import { formatMetrics, type HostFigures } from "./metrics.ts";

const POOL: PoolFigures = {
  pool: "main",
  jobs: { ready: 3, leased: 1, dead: 0 },
  waiting: [
    { needs: "encoder", class: "rest", count: 2 },
    { needs: "encoder", class: "rest", count: 1 },
  ],
  ...{ oldestWaitMs: 61_500, starving: 3, starvingWaitMs: 61_500, agentsOnline: 0, outbox: 4, viewers: 5 },
  leasesLost: 6,
  finished: [
    { kind: "video", outcome: "done", count: 7 },
    { kind: "video", outcome: "dead", count: 1 },
  ],
  seconds: [{ kind: "video", sum: 91.25 }],
};
const HOST: HostFigures = {
  pools: [POOL],
  agents: { online: 1, offline: 2 },
  slots: { gpu: { busy: 1, free: 0 } },
  shards: [{ name: "SHARD_A", usedBytes: 10, budgetBytes: 1e12, cooling: true }],
  unsent: 8,
  webhook: { waiting: 9, disabled: false },
};

/** By the grammar of the text format: HELP and TYPE before a family's samples, each family once. */
function parse(text: string): Map<string, number> {
  expect(text.endsWith("\n")).toBe(true);
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  let helped = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (gauge|counter|summary)$/.exec(line);
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+]+)$/.exec(line);
    if (help?.[1] !== undefined) helped = help[1];
    else if (type?.[1] !== undefined) {
      expect(type[1]).toBe(helped);
      expect(types.has(helped)).toBe(false);
      types.set(helped, type[2] ?? "");
    } else {
      expect(sample, line).not.toBeNull();
      const [, name = "", labels = "", value] = sample ?? [];
      expect(name.replace(/_(sum|count)$/, (end) => (types.get(helped) === "summary" ? "" : end))).toBe(
        helped,
      );
      expect(values.has(`${name}{${labels}}`)).toBe(false);
      values.set(`${name}{${labels}}`, Number(value));
    }
  }
  for (const [name, type] of types) expect(name.endsWith("_total"), name).toBe(type === "counter");
  return values;
}

test("every figure is there under its name, in the grammar of the text format", () => {
  const values = parse(formatMetrics(HOST));
  expect(Object.fromEntries(values)).toMatchObject({
    'capcloud_jobs{pool="main",state="ready"}': 3,
    'capcloud_jobs_waiting{pool="main",needs="encoder",class="rest"}': 3,
    'capcloud_jobs_waiting{pool="main",needs="io",class="stills"}': 0,
    'capcloud_jobs_starving{pool="main"}': 3,
    'capcloud_queue_oldest_wait_seconds{pool="main"}': 61.5,
    'capcloud_leases_lost_total{pool="main"}': 6,
    'capcloud_jobs_finished_total{pool="main",kind="video",outcome="done"}': 7,
    'capcloud_job_seconds_sum{pool="main",kind="video"}': 91.25,
    'capcloud_job_seconds_count{pool="main",kind="video"}': 7,
    'capcloud_outbox{pool="main"}': 4,
    'capcloud_viewers_waiting{pool="main"}': 5,
    'capcloud_agents{state="offline"}': 2,
    'capcloud_slots{class="gpu",use="busy"}': 1,
    'capcloud_shard_used_bytes{shard="SHARD_A"}': 10,
    'capcloud_shard_cooling{shard="SHARD_A"}': 1,
    "capcloud_unsent{}": 8,
    "capcloud_webhook_waiting{}": 9,
    "capcloud_webhook_disabled{}": 0,
  });
});

test("a quiet host without receiver has figures too, and a label may hold anything", () => {
  const quiet = { ...POOL, waiting: [], finished: [], seconds: [], oldestWaitMs: null };
  const values = parse(formatMetrics({ ...HOST, pools: [quiet], webhook: null, agents: { 'a"\\\n': 1 } }));
  expect(values.get('capcloud_queue_oldest_wait_seconds{pool="main"}')).toBe(0);
  expect(values.get(String.raw`capcloud_agents{state="a\"\\\n"}`)).toBe(1);
  expect([...values.keys()].filter((name) => /webhook|finished|seconds_sum/.test(name))).toEqual([]);
});

test("agents are counted in the state that the operator's page shows", () => {
  const none = { gpu: 0, cpu: 0, io: 0 };
  const seen = [
    {
      id: "on",
      connectedAt: 1,
      resting: null,

      free: { gpu: 0, cpu: 1, io: 4 },
      jobs: [{ slot: "cpu" as const }],
    },
    { id: "rest", connectedAt: 1, resting: "night", free: none, jobs: [] },
    {
      id: "gone",
      connectedAt: null,
      resting: null,
      slots: none,
      free: none,
      jobs: [{ slot: "io" as const }],
    },
    { id: "held", connectedAt: 1, resting: null, free: none, jobs: [] },
  ];
  const rows = ["on", "rest", "gone", "new", "held"].map((id) => ({
    id,
    revokedAt: null,
    state: id === "held" ? ("paused" as const) : ("active" as const),
  }));
  expect(agentFigures(rows, seen)).toEqual({ online: 1, resting: 1, offline: 2, draining: 0, paused: 1 });
  expect(slotFigures(seen)).toEqual({
    gpu: { busy: 0, free: 0 },
    cpu: { busy: 1, free: 1 },
    io: { busy: 1, free: 4 },
  });
});
