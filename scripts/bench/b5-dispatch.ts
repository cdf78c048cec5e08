/**
 * B5: from the moment a job is enqueued until an agent holds the lease, beside agents that ask every two
 * seconds. The job is enqueued when the coordinator takes it on, before anything is written; that time the operator
 * sees of each job. The asking ones are real too: each asks the edge over HTTP and learns of every file that was
 * enqueued before. Told beside it: the same from before the catalogue learns of the file, a write earlier, which
 * stands in the first job's id.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import type { Slots } from "#protocol";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { drain } from "./kit/fetching.ts";
import { type House, openHouse } from "./kit/house.ts";
import { SimulatedAgent } from "./kit/simulated-agent.ts";
import { median, quantile } from "./kit/statistics.ts";
import { timeOfJob } from "./kit/ulid-time.ts";
import { sendFile } from "./kit/upload.ts";

const POLL_MS = 2_000;
/** With beginnings spread evenly over the interval. */
const POLLERS = 8;
/** Uploads come every so many milliseconds, out of step with the polls. */
const PACE_MS = 310;
const SLOTS: Slots = { gpu: 0, cpu: 0, io: 100 };
const LEAST_TIMES_BETTER = 200;
/** What an interactive queue promises (research: transcoding §7), in milliseconds. */
const MOST_P50_MS = 5;
const MOST_P99_MS = 25;

export const dispatch: Benchmark = {
  id: "B5",
  title: "enqueued → an agent holds the lease, beside a poll every 2 s",
  run: async (bench) => {
    const house = await openHouse(bench);
    const grants: Grants = { first: new Map(), again: [] };
    await startAgent(bench, house, grants);
    await upload(bench, house, 0);
    grants.again.length = 0;
    const { catalogued, polled } = await compare(bench, house, bench.pick(200, 30));
    const steps = await stepsOf(house, catalogued, grants.first);
    return [findingOf(steps, polled, grants.again)];
  },
};

interface Grants {
  /** When each job was granted; milliseconds since 1970. */
  first: Map<string, number>;
  /** Milliseconds from giving a lease back to holding the next one of the same job. */
  again: number[];
}

/** Gives each lease back once, which makes its job ready anew without any writing, and then ends the job. */
async function startAgent(bench: Bench, house: House, { first, again }: Grants): Promise<void> {
  const givenBack = new Map<string, number>();
  const agent = await SimulatedAgent.connect({
    ...{ host: house.url, key: await house.edge.agentKey("dispatch"), label: "dispatch", slots: SLOTS },
    work: async ({ lease }, self) => {
      const at = preciseNow();
      const before = givenBack.get(lease.job);
      if (before === undefined) {
        first.set(lease.job, at);
        givenBack.set(lease.job, preciseNow());
        await self.ask({ type: "release", lease });
      } else {
        again.push(at - before);
        await self.ask({ type: "fail", lease, class: "permanent", code: "refused", message: "Only timed." });
      }
      self.ready(SLOTS);
    },
  });
  bench.defer(() => agent.close());
}

/** Milliseconds since 1970, with their fractions. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

interface Compared {
  /** When the catalogue was about to learn of each job's file; milliseconds since 1970. */
  catalogued: Map<string, number>;
  /** Milliseconds. */
  polled: number[];
}

async function compare(bench: Bench, house: House, uploads: number): Promise<Compared> {
  const catalogued = new Map<string, number>();
  const polled: number[] = [];
  const stop = new AbortController();
  const polling = Array.from({ length: POLLERS }, (_, at) =>
    poll(house.url, (at * POLL_MS) / POLLERS, catalogued, polled, stop.signal),
  );
  for (let number = 1; number <= uploads; number++) {
    const job = await upload(bench, house, number);
    catalogued.set(job, timeOfJob(job));
    await sleep(PACE_MS);
  }
  await sleep(POLL_MS + PACE_MS);
  stop.abort();
  await Promise.all(polling);
  return { catalogued, polled };
}

/** A small picture of its own; answers its first job and when that was told. */
async function upload(bench: Bench, house: House, number: number): Promise<string> {
  const path = join(bench.folder, `picture-${number}.png`);
  const background = { r: number % 256, g: 90, b: 160 };
  await sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toFile(path);
  const { jobs } = await sendFile(house.url, path);
  const [job] = jobs;
  if (job === undefined) throw new Error("The picture made no job.");
  return job;
}

async function poll(
  host: string,
  delayMs: number,
  catalogued: ReadonlyMap<string, number>,
  found: number[],
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>();
  await sleep(delayMs);
  for (let next = performance.now(); !signal.aborted; next += POLL_MS) {
    const fresh = [...catalogued].filter(([job]) => !known.has(job));
    await drain(`${host}/healthz`);
    for (const [job, at] of fresh) {
      known.add(job);
      found.push(preciseNow() - at);
    }
    await sleep(Math.max(0, next + POLL_MS - performance.now()));
  }
}

const JobTimes = z.object({
  created_at: z.coerce.date(),
  history: z.array(z.object({ granted_at: z.coerce.date() })),
});

/** Milliseconds of each step, begun at a whole one. */
interface Steps {
  /** The catalogue writes the file and its work down, and the coordinator hears of it. */
  written: number[];
  granted: number[];
  /** The ledger is safe on disk, and the frame has arrived. */
  arrived: number[];
  /** From the coordinator's first look at it until the agent holds the lease. */
  pushed: number[];
  /** The same from before the catalogue's write. */
  whole: number[];
}

async function stepsOf(
  house: House,
  catalogued: ReadonlyMap<string, number>,
  held: ReadonlyMap<string, number>,
): Promise<Steps> {
  const steps: Steps = { written: [], granted: [], arrived: [], pushed: [], whole: [] };
  const headers = { authorization: `Bearer ${house.edge.operatorToken}` };
  for (const [job, at] of catalogued) {
    const answer = await fetch(`${house.url}/api/jobs/${job}`, { headers });
    const { created_at: created, history } = JobTimes.parse(await answer.json());
    const [granted, arrived] = [history[0]?.granted_at.getTime() ?? Infinity, held.get(job) ?? Infinity];
    steps.written.push(created.getTime() - at);
    steps.granted.push(granted - created.getTime());
    steps.arrived.push(arrived - granted);
    steps.pushed.push(arrived - created.getTime());
    steps.whole.push(arrived - at);
  }
  return steps;
}

function findingOf(
  { written, granted, arrived, pushed, whole }: Steps,
  polled: readonly number[],
  again: readonly number[],
): Finding {
  const [p50, p99] = [median(pushed), quantile(pushed, 0.99)];
  const say = (samples: readonly number[]) =>
    `p50 ${median(samples).toFixed(1)} ms, p99 ${quantile(samples, 0.99).toFixed(1)} ms`;
  const lost = pushed.filter((latency) => !Number.isFinite(latency)).length;
  return {
    case: `${pushed.length} files`,
    value: median(polled) / p50,
    unit: "times",
    target: { least: LEAST_TIMES_BETTER },
    guards: { "all granted": { pass: lost === 0, said: `${pushed.length - lost} of ${pushed.length}` } },
    notes: [
      `pushed ${say(pushed)} (wanted: ${MOST_P50_MS} and ${MOST_P99_MS} ms${p50 <= MOST_P50_MS && p99 <= MOST_P99_MS ? ", met" : ", not met"})`,
      `of that, granted: ${say(granted)}; on disk, and with the agent: ${say(arrived)}`,
      `with the catalogue's write before it (${say(written)}): ${say(whole)}, ${(median(polled) / median(whole)).toFixed(0)} times`,
      `polled ${say(polled)}`,
      `lease given back → held again, without any writing to the catalogue: ${say(again)}`,
    ],
  };
}
