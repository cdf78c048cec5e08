/** B14: from the start of the agent's program until it knows what this machine can do: trials, then the cache. */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { Benchmark, Finding } from "./benchmark.ts";
import { AGENT_CLI } from "./kit/built-agent.ts";
import { cpuOf } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { takeTurns } from "./kit/sides.ts";
import { median, spread, sum } from "./kit/statistics.ts";
import { watchTools } from "./kit/tool-watch.ts";

const run = promisify(execFile);
const MOST_SECONDS = 1.5;
const Checkup = z.object({ ok: z.boolean(), encoders: z.array(z.string()).min(1) });

interface Start {
  seconds: number;
  cpu: number;
  encoders: string[];
  /** Runs of an encoder that were seen. */
  trials: number;
}

export const start: Benchmark = {
  id: "B14",
  title: "agent start → proven capabilities",
  run: async (bench) => {
    const cold = join(bench.folder, "cold");
    const warm = join(bench.folder, "warm");
    await check(warm);
    const times = await takeTurns(
      {
        cold: async () => {
          await rm(cold, { recursive: true, force: true });
          return check(cold);
        },
        cached: () => check(warm),
        node: bareNode,
      },
      bench.pick(9, 3),
    );
    const [tried, again] = [times.cold, times.cached].map((starts) =>
      sum(starts.map(({ trials }) => trials)),
    );
    const trials = {
      pass: (tried ?? 0) > 0 && again === 0,
      said: `${again} in all cached starts, ${tried} in all cold ones`,
    };
    const node = `a bare start of Node: ${number(median(times.node))} s`;
    return [
      findingOf("cold", times.cold, node),
      { ...findingOf("cached", times.cached, node), guards: { "no new trials": trials } },
    ];
  },
};

async function check(cacheHome: string): Promise<Start> {
  const env = { ...process.env, XDG_CACHE_HOME: cacheHome };
  const before = cpuOf(process.pid).ended;
  const tools = watchTools(() => [process.pid]);
  const began = performance.now();
  const { stdout } = await run(process.execPath, [AGENT_CLI, "check", "--json"], { env });
  const seconds = (performance.now() - began) / 1_000;
  const { ok, encoders } = Checkup.parse(JSON.parse(stdout));
  if (!ok) throw new Error(`This machine cannot do every kind of job: ${stdout}`);
  const trials = tools.stop().filter(({ tool }) => tool === "encode").length;
  return { seconds, cpu: cpuOf(process.pid).ended - before, encoders, trials };
}

async function bareNode(): Promise<number> {
  const began = performance.now();
  await run(process.execPath, ["-e", ""]);
  return (performance.now() - began) / 1_000;
}

function findingOf(name: string, starts: readonly Start[], node: string): Finding {
  const times = starts.map(({ seconds }) => seconds);
  const cpu = number(median(starts.map((one) => one.cpu)));
  return {
    case: name,
    value: median(times),
    unit: "s",
    target: { most: MOST_SECONDS },
    notes: [`${spread(times)} s, CPU ${cpu} s; ${node}; proven: ${starts[0]?.encoders.join(", ")}`],
  };
}
