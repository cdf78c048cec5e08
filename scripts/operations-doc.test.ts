/** docs/operations.md tells of what is there: metrics, settings, events, files, commands of npm. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EVENT_TYPES } from "../edge/src/activity/events.ts";
import { formatMetrics } from "../edge/src/fleet/metrics.ts";
import { root } from "./build-worker.ts";

const text = readFileSync(join(root, "docs", "operations.md"), "utf8");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const EVERY_METRIC = formatMetrics({
  pools: [
    {
      ...{
        pool: "main",
        jobs: { ready: 0 },
        waiting: [],
        oldestWaitMs: null,
        starving: 0,
        starvingWaitMs: null,
      },
      ...{ agentsOnline: 0, outbox: 0, viewers: 0, leasesLost: 0 },
      finished: [{ kind: "video", outcome: "done", count: 1 }],
      seconds: [{ kind: "video", sum: 1 }],
    },
  ],
  agents: { online: 0 },
  slots: { gpu: { busy: 0, free: 0 } },
  shards: [{ name: "A", usedBytes: 0, budgetBytes: 1, cooling: false }],
  unsent: 0,
  webhook: { waiting: 0, disabled: false },
});

test("each metric that is told of is there, and each that is there is told of", () => {
  const there = new Set([...EVERY_METRIC.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  const told = new Set([...text.matchAll(/\bcapcloud_[a-z_]+[a-z]/g)].map(([name]) => name));
  expect(told).toEqual(there);
});

test("each event is told of", () => {
  for (const type of EVENT_TYPES) expect(text).toContain(`| \`${type}\` |`);
});

test("each setting of the host is told of, and none that is not there", () => {
  const known = `${read("edge/src/config.ts")}\n${read("wrangler.toml")}`;
  const table = text.slice(text.indexOf("## Variables"), text.indexOf("## Upgrading"));
  const told = [...table.matchAll(/`([A-Z][A-Z0-9_]{4,})`/g)].map(([, name]) => name ?? "");
  for (const name of told) expect(known, name).toMatch(new RegExp(`\\b${name}\\b`));
  const vars = [...read("wrangler.toml").matchAll(/^([A-Z][A-Z_0-9]+) = /gm)].map(([, name]) => name ?? "");
  for (const name of vars.filter((one) => one !== "R2_ENDPOINT")) expect(told, name).toContain(name);
});

test("each link leads to a file or a heading, each npm script exists", () => {
  for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith("https://")) continue;
    const [path = "", heading] = target.split("#");
    if (path !== "") expect(existsSync(join(root, "docs", path)), target).toBe(true);
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    if (heading !== undefined) expect(headings, target).toContain(heading);
  }
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const [, name = ""] of text.matchAll(/\bnpm (?:run )?(start|test|demo|dev|bench|check)\b/g)) {
    expect(scripts).toHaveProperty(name);
  }
});
