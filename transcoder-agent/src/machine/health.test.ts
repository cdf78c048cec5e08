import { afterEach, expect, test } from "vitest";
import { healthOf, metricsOf, type Facts } from "./health.ts";
import { HealthServer } from "./health-server.ts";

const FACTS: Facts = {
  version: "1.2.3",
  label: "garage",
  edge: "files.example",
  started: 0,
  slots: { gpu: 1, cpu: 2, io: 4 },
  standing: { connected: true, since: 60_000, lastError: null },
  runner: {
    free: { gpu: 1, cpu: 1, io: 4 },
    resting: null,
    draining: false,
    jobs: [{ id: "main.1", kind: "video", slot: "cpu", fraction: 0.25, since: 90_000 }],
    fates: { done: 7, failed: 1, dropped: 2 },
  },
};
const CUT_OFF: Facts = {
  ...FACTS,
  standing: { connected: false, since: 99_000, lastError: { sentence: "The link is gone.", at: 99_000 } },
};

let server: HealthServer | undefined;
afterEach(() => server?.close());

test("an agent that is connected is well, also while it rests", () => {
  expect(healthOf(FACTS)).toMatchObject({
    ok: true,
    since: "1970-01-01T00:01:00.000Z",
    jobs: [{ id: "main.1", fraction: 0.25, started_at: "1970-01-01T00:01:30.000Z" }],
    done: 7,
    last_error: null,
  });
  const resting = { ...FACTS, runner: { ...FACTS.runner, resting: "on battery" } };
  expect(healthOf(resting)).toMatchObject({ ok: true, resting: "on battery" });
  expect(healthOf(CUT_OFF)).toMatchObject({
    ok: false,
    last_error: { sentence: "The link is gone.", at: "1970-01-01T00:01:39.000Z" },
  });
});

test("metrics are lines as Prometheus reads them", () => {
  const lines = metricsOf(healthOf(FACTS)).split("\n");
  expect(lines.at(-1)).toBe("");
  for (const line of lines.slice(0, -1))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|[a-z_]+(\{\w+="[^"]*"\})? \d+)$/);
  expect(lines).toContain('capcloud_agent_free_slots{slot="cpu"} 1');
  expect(lines).toContain('capcloud_agent_jobs_total{fate="done"} 7');
  expect(lines.filter((line) => line.startsWith("# TYPE"))).toHaveLength(7);
});

test("the page answers what watchers ask, and nothing else", async () => {
  let facts = FACTS;
  server = await HealthServer.start({ host: "127.0.0.1", port: 0 }, () => healthOf(facts));
  const { url } = server;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const status = async (path: string, method = "GET") => (await fetch(url + path, { method })).status;
  expect(await status("/healthz?x=1")).toBe(200);
  expect(await status("/metrics", "HEAD")).toBe(200);
  expect(await status("/")).toBe(404);
  expect(await status("/healthz", "POST")).toBe(405);
  facts = CUT_OFF;
  expect(await status("/healthz")).toBe(503);
  expect(await status("/metrics")).toBe(200);
  const port = Number(new URL(url).port);
  await expect(HealthServer.start({ host: "127.0.0.1", port }, () => healthOf(facts))).rejects.toThrow(
    /--health-port .*EADDRINUSE/,
  );
});
