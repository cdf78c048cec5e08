/**
 * B6: lease cycles a second of one coordinator with a thousand simulated agents on real sockets, whose jobs are
 * no work. The jobs are inspections of sound files that browsers play: they make no objects and no further
 * jobs, so a cycle is grant, completion, acknowledgement, and what the edge then writes down. They are enqueued
 * beforehand, by uploads. A second figure counts leases that are given back and granted again.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Slots } from "#protocol";
import { soundInspection } from "../../edge/src/coordinator/testing/results.ts";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { ffmpeg } from "./kit/ffmpeg.ts";
import { type House, openHouse } from "./kit/house.ts";
import { cpuOf, cpuOfAll, ourProcesses } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { SimulatedAgent } from "./kit/simulated-agent.ts";
import { median, quantile } from "./kit/statistics.ts";
import { sendFile } from "./kit/upload.ts";

const LEAST_CYCLES_A_SECOND = 1_000;
const ONE: Slots = { gpu: 0, cpu: 0, io: 1 };
const NONE: Slots = { gpu: 0, cpu: 0, io: 0 };
/** Of connecting agents and of uploads. */
const AT_ONCE = 16;
/** The leases of all this must not run out, whatever the machine. */
const LONG_LEASES = { LEASE_SECONDS: "3600" };
const RELEASING_MS = 5_000;
const LIMIT_MS = 300_000;

export const throughput: Benchmark = {
  id: "B6",
  title: "zero-work lease cycles a second",
  run: async (bench) => {
    const house = await openHouse(bench, { vars: LONG_LEASES });
    const count = bench.pick(1_000, 200);
    const cycles = bench.pick(5_000, 1_000);
    const course: Course = { mode: "idle", done: [], began: 0, repliesMs: [] };
    bench.say(`connecting ${count} agents`);
    const agents = await connectAll(bench, house, count, course);
    bench.say(`enqueueing ${cycles} jobs`);
    const path = join(bench.folder, "tone.mp3");
    await ffmpeg(["-f", "lavfi", "-i", "sine=f=440:d=0.1", "-b:a", "64k", path]);
    await inParallel(cycles, () => sendFile(house.url, path));
    bench.say(`giving back for ${RELEASING_MS / 1_000} s`);
    const back = await releasing(agents, course);
    bench.say("completing");
    return [back, await completing(agents, course, cycles)];
  },
};

/** What all agents do with a grant, and what came of it. */
interface Course {
  mode: "idle" | "release" | "complete";
  began: number;
  /** When each cycle was acknowledged; milliseconds. */
  done: number[];
  repliesMs: number[];
}

async function connectAll(
  bench: Bench,
  house: House,
  count: number,
  course: Course,
): Promise<SimulatedAgent[]> {
  const agents: SimulatedAgent[] = [];
  await inParallel(count, async (at) => {
    const label = `cycle-${at}`;
    const agent = await SimulatedAgent.connect({
      ...{ host: house.url, key: await house.edge.agentKey(label), label, slots: ONE },
      work: ({ lease }, self) => cycle(self, lease, course),
    });
    // A welcome offers all slots; nothing may be granted before the gates open.
    agent.ready(NONE);
    agents.push(agent);
  });
  bench.defer(async () => void (await Promise.all(agents.map((agent) => agent.close()))));
  return agents;
}

type Lease = Parameters<SimulatedAgent["deliver"]>[0];

async function cycle(agent: SimulatedAgent, lease: Lease, course: Course): Promise<void> {
  const asked = performance.now();
  const gives = course.mode !== "complete";
  const reply = gives
    ? await agent.ask({ type: "release", lease })
    : await agent.ask({ type: "complete", lease, objects: [], result: soundInspection("mp3").result });
  const now = performance.now();
  if (reply.type === "accepted" && course.mode !== "idle") {
    course.done.push(now);
    course.repliesMs.push(now - asked);
  }
  agent.ready(course.mode === "idle" ? NONE : ONE);
}

async function completing(
  agents: readonly SimulatedAgent[],
  course: Course,
  cycles: number,
): Promise<Finding> {
  const cpu = open(agents, course, "complete");
  const deadline = Date.now() + LIMIT_MS;
  while (course.done.length < cycles) {
    if (Date.now() > deadline)
      throw new Error(`Only ${course.done.length} of ${cycles} jobs were completed.`);
    await sleep(10);
  }
  const used = cpu();
  course.mode = "idle";
  const all = { pass: course.done.length === cycles, said: `${course.done.length} of ${cycles}` };
  return { ...findingOf(`${agents.length} agents, completed`, course, used), guards: { "each once": all } };
}

async function releasing(agents: readonly SimulatedAgent[], course: Course): Promise<Finding> {
  const cpu = open(agents, course, "release");
  await sleep(RELEASING_MS);
  const used = cpu();
  const finding = findingOf(`${agents.length} agents, given back`, course, used);
  course.mode = "idle";
  // Grants that are on their way are given back too.
  await sleep(RELEASING_MS / 5);
  return finding;
}

/** Opens the gates; answers how to ask for the CPU seconds spent since. */
function open(
  agents: readonly SimulatedAgent[],
  course: Course,
  mode: Course["mode"],
): () => [number, number] {
  const before = [cpuOf(process.pid).own, cpuOfAll(ourProcesses("workerd"))] as const;
  Object.assign(course, { mode, done: [], repliesMs: [], began: performance.now() });
  for (const agent of agents) agent.ready(ONE);
  return () => [cpuOf(process.pid).own - before[0], cpuOfAll(ourProcesses("workerd")) - before[1]];
}

function findingOf(
  name: string,
  { done, began, repliesMs }: Course,
  [own, workerd]: [number, number],
): Finding {
  const seconds = ((done.at(-1) ?? began) - began) / 1_000;
  const latency = `p50 ${median(repliesMs).toFixed(1)} ms, p99 ${quantile(repliesMs, 0.99).toFixed(1)} ms`;
  return {
    case: name,
    value: done.length / seconds,
    unit: "a second",
    target: { least: LEAST_CYCLES_A_SECOND },
    notes: [
      `${done.length} cycles in ${number(seconds)} s; from an agent's frame to its acknowledgement ${latency}`,
      `CPU: workerd ${number((1_000 * workerd) / done.length)} ms a cycle, all simulated agents together ${number((1_000 * own) / done.length)} ms`,
    ],
  };
}

async function inParallel(count: number, act: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
