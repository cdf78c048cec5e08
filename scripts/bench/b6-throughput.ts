/**
 * B6: cycles a second of one coordinator with a thousand simulated agents on real sockets, whose jobs are no work:
 * inspections of sound files, in which they find nothing, so that they make no objects and no further jobs. They
 * are enqueued beforehand. Three figures, each counting more than the one before:
 *
 * - lease cycles: grant, given back, acknowledged, granted again. The catalogue has no part in it.
 * - completions: grant, completed, acknowledged, the next grant, which is all that an agent waits for. Verification
 *   and the catalogue are behind it, at work for the jobs before.
 * - complete cycles: the same run, but the clock stops only when the catalogue shows the last file ready.
 *
 * Agents and edge share this machine's cores: the CPU of each is told beside the speed. That of completions is what
 * was spent until the last acknowledgement, verifying and publishing included as far as they had come.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../../edge/src/db/client.ts";
import { soundInspection } from "../../edge/src/coordinator/testing/results.ts";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { type Course, CyclingAgent } from "./kit/cycling-agent.ts";
import { type House, openHouse } from "./kit/house.ts";
import { inParallel } from "./kit/parallel.ts";
import { cpuOf, cpuOfAll, ourProcesses, waitedForCore } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { median, quantile } from "./kit/statistics.ts";
import { leaveToCron, storeFiles } from "./kit/stored-files.ts";

const LEAST_CYCLES_A_SECOND = 1_000;
/** The leases of all this must not run out, whatever the machine. */
const LONG_LEASES = { LEASE_SECONDS: "3600" };
const RELEASING_MS = 5_000;
const LIMIT_MS = 300_000;
const POLL_MS = 20;

export const throughput: Benchmark = {
  id: "B6",
  title: "cycles a second of jobs that are no work: leases alone, completions, with the catalogue",
  run: async (bench) => {
    const house = await openHouse(bench, { vars: LONG_LEASES });
    const count = bench.pick(1_000, 200);
    const cycles = bench.pick(5_000, 1_000);
    const result = { ...soundInspection("mp3").result, audio: [] };
    const course: Course = { mode: "idle", result, done: 0, repliesMs: [] };
    bench.say(`connecting ${count} agents`);
    const agents = await connectAll(bench, house, count, course);
    bench.say(`enqueueing ${cycles} jobs`);
    await enqueue(house, cycles);
    bench.say(`giving back for ${RELEASING_MS / 1_000} s`);
    const back = await releasing(agents, course);
    bench.say("completing");
    return [back, ...(await completing(house, agents, course, cycles))];
  },
};

/** By the cron, which is the cheapest way to tell of so many. */
async function enqueue(house: House, count: number): Promise<void> {
  const database = await house.edge.database();
  const db = openDatabase(database);
  await leaveToCron(db, await storeFiles(db, "anonymous", count));
  const unsent = "select count(*) as count from work_outbox where sent_at is null";
  while ((await database.prepare(unsent).first<number>("count")) !== 0) await house.edge.scheduled();
}

async function connectAll(
  bench: Bench,
  house: House,
  count: number,
  course: Course,
): Promise<CyclingAgent[]> {
  const agents: CyclingAgent[] = [];
  bench.defer(async () => void (await Promise.all(agents.map((agent) => agent.close()))));
  await inParallel(count, async (at) => {
    const label = `cycle-${at}`;
    agents.push(await CyclingAgent.connect(house.url, await house.edge.agentKey(label), label, course));
  });
  return agents;
}

async function releasing(agents: readonly CyclingAgent[], course: Course): Promise<Finding> {
  const stop = open(agents, course, "release");
  await sleep(RELEASING_MS);
  const finding = findingOf(`${agents.length} agents, lease cycles`, course, stop());
  course.mode = "idle";
  // Grants that are on their way are given back too.
  await sleep(RELEASING_MS / 5);
  return finding;
}

async function completing(
  house: House,
  agents: readonly CyclingAgent[],
  course: Course,
  cycles: number,
): Promise<Finding[]> {
  const deadline = Date.now() + LIMIT_MS;
  const until = async (done: () => Promise<number> | number, what: string) => {
    while ((await done()) < cycles) {
      if (Date.now() > deadline) throw new Error(`Only ${await done()} of ${cycles} ${what}.`);
      await sleep(POLL_MS);
    }
  };
  const stop = open(agents, course, "complete");
  await until(() => course.done, "jobs were acknowledged");
  const acknowledged = stop();
  await until(() => countReady(house), "files are ready");
  const used = stop();
  const { done } = course;
  course.mode = "idle";
  const once = { pass: done === cycles, said: `${done} of ${cycles}` };
  const guards = { "each once": once };
  const completions = findingOf(`${agents.length} agents, completions`, course, acknowledged);
  const complete = findingOf(`${agents.length} agents, complete cycles`, course, used);
  const behind = `the catalogue knew it all ${number(1_000 * (used.seconds - acknowledged.seconds))} ms after the last acknowledgement`;
  return [
    { ...completions, guards },
    { ...complete, guards, notes: [...(complete.notes ?? []), behind] },
  ];
}

async function countReady(house: House): Promise<number> {
  const database = await house.edge.database();
  const query = "select count(*) as count from files where status = 'ready'";
  return (await database.prepare(query).first<number>("count")) ?? 0;
}

interface Used {
  seconds: number;
  /** CPU seconds of this process, in which all agents are. */
  own: number;
  workerd: number;
  /** Seconds in which workerd stood in line for a core. */
  waited: number;
}

/** Opens the gates; answers how to ask for what was spent since. */
function open(agents: readonly CyclingAgent[], course: Course, mode: Course["mode"]): () => Used {
  const own = () => cpuOf(process.pid).own;
  const workerd = () => cpuOfAll(ourProcesses("workerd"));
  const waited = () => ourProcesses("workerd").reduce((sum, pid) => sum + waitedForCore(pid), 0);
  const before = { own: own(), workerd: workerd(), waited: waited() };
  Object.assign(course, { mode, done: 0, repliesMs: [] });
  const began = performance.now();
  for (const agent of agents) agent.open();
  return () => ({
    seconds: (performance.now() - began) / 1_000,
    own: own() - before.own,
    workerd: workerd() - before.workerd,
    waited: waited() - before.waited,
  });
}

function findingOf(
  name: string,
  { done, repliesMs }: Course,
  { seconds, own, workerd, waited }: Used,
): Finding {
  const latency = `p50 ${median(repliesMs).toFixed(1)} ms, p99 ${quantile(repliesMs, 0.99).toFixed(1)} ms`;
  const each = (spent: number) => `${number((1_000 * spent) / done)} ms`;
  return {
    case: name,
    value: done / seconds,
    unit: "a second",
    target: { least: LEAST_CYCLES_A_SECOND },
    notes: [
      `${done} cycles in ${number(seconds)} s; from an agent's frame to its acknowledgement ${latency}`,
      `CPU: workerd ${each(workerd)} a cycle, all simulated agents together ${each(own)}; workerd stood in line for a core ${number((100 * waited) / seconds)} % of the time`,
    ],
  };
}
