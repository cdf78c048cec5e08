/**
 * B16: ten owners share a fleet. Nine of them send a batch of files at the same moment; how long their jobs wait
 * for an agent, beside the same batches while the tenth has ten thousand jobs waiting. Owners are rows of the
 * catalogue, since accounts are none of the coordinator's business; agents are simulated, on real sockets, and
 * each of their jobs takes the same time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Grant, Slots } from "#protocol";
import { startTestEdge, type TestEdge } from "../../edge/src/coordinator/testing/edge.ts";
import { soundInspection } from "../../edge/src/coordinator/testing/results.ts";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { inParallel } from "./kit/parallel.ts";
import { number } from "./kit/report.ts";
import { SimulatedAgent } from "./kit/simulated-agent.ts";
import { median, quantile } from "./kit/statistics.ts";
import { type Enqueue, storeFiles } from "./kit/stored-files.ts";

const MOST_TIMES_LONGER = 2;
const AGENTS = 8;
const SLOTS = 2;
/** What each job takes an agent, in milliseconds: long beside what granting it takes. */
const WORK_MS = 400;
const OWNERS = 9;
/** Files of each owner's batch. */
const BATCH = 20;
const LIMIT_MS = 300_000;
const POLL_MS = 20;
const LONG_LEASES = { LEASE_SECONDS: "3600" };
const RESULT = { ...soundInspection("mp3").result, audio: [] };

export const flood: Benchmark = {
  id: "B16",
  title: "ten owners, one floods: how long the others wait",
  run: async (bench) => {
    // A local edge of an earlier benchmark has named a starter that went with its folder.
    delete process.env["MINIFLARE_WORKERD_PATH"];
    const edge = await startTestEdge(LONG_LEASES);
    bench.defer(() => edge.stop());
    const [rounds, jobs] = [bench.pick(3, 1), bench.pick(10_000, 1_000)];
    const log: Log = { at: new Map(), floods: 0 };
    await Promise.all(Array.from({ length: AGENTS }, (_, at) => startAgent(bench, edge, at, log)));
    const calm: number[] = [];
    const stormy: number[] = [];
    for (let round = 0; round < rounds; round++) calm.push(...(await sendBatches(edge, log)));
    bench.say(`one owner enqueues ${jobs} jobs`);
    const flooding = await storeFiles(edge.db, "flood", jobs);
    await inParallel(jobs, (at) => enqueue(edge, flooding[at]));
    const before = log.floods;
    for (let round = 0; round < rounds; round++) stormy.push(...(await sendBatches(edge, log)));
    return [findingOf(calm, stormy, log.floods - before, jobs - log.floods)];
  },
};

interface Log {
  /** When each file's job was granted; milliseconds. */
  at: Map<string, number>;
  /** Grants of the one who floods. */
  floods: number;
}

async function startAgent(bench: Bench, edge: TestEdge, at: number, log: Log): Promise<void> {
  let free = SLOTS;
  const slots = (io: number): Slots => ({ gpu: 0, cpu: 0, io });
  const work = async (grant: Grant, self: SimulatedAgent) => {
    free -= 1;
    const file = fileOf(grant);
    log.at.set(file, performance.now());
    if (file.startsWith("flood")) log.floods += 1;
    await sleep(WORK_MS);
    await self.deliver(grant.lease, [], RESULT);
    free += 1;
    self.ready(slots(free));
  };
  const { key } = await edge.agentKey(`agent-${at}`);
  const agent = await SimulatedAgent.connect({
    ...{ host: edge.url, key, label: `agent-${at}`, slots: slots(SLOTS), work },
  });
  bench.defer(() => agent.close());
}

/** Its input's address names it. */
function fileOf({ inputs }: Grant): string {
  return /\/o\/([^/]+)\//.exec(inputs[0]?.url ?? "")?.[1] ?? "";
}

async function enqueue(edge: TestEdge, file: Enqueue | undefined): Promise<void> {
  if (file) await edge.calls.enqueueFile(file.id, file.outboxId);
}

/** All owners at once, file by file in turn; answers how long each waited, in milliseconds. */
async function sendBatches(edge: TestEdge, log: Log): Promise<number[]> {
  const batches = await Promise.all(
    Array.from({ length: OWNERS }, (_, owner) => storeFiles(edge.db, `owner-${owner}`, BATCH)),
  );
  const files = Array.from({ length: BATCH }, (_, at) => batches.map((batch) => batch[at])).flat();
  const sent = new Map<string, number>();
  await inParallel(files.length, async (at) => {
    sent.set(files[at]?.id ?? "", performance.now());
    await enqueue(edge, files[at]);
  });
  const deadline = Date.now() + LIMIT_MS;
  while (![...sent.keys()].every((id) => log.at.has(id))) {
    if (Date.now() > deadline) throw new Error("Some jobs never got an agent.");
    await sleep(POLL_MS);
  }
  await sleep(2 * WORK_MS);
  return [...sent].map(([id, at]) => (log.at.get(id) ?? Infinity) - at);
}

function findingOf(
  calm: readonly number[],
  stormy: readonly number[],
  floods: number,
  left: number,
): Finding {
  const say = (waits: readonly number[]) =>
    `p50 ${number(median(waits))} ms, p95 ${number(quantile(waits, 0.95))} ms`;
  return {
    case: `${OWNERS} owners, ${BATCH} files each`,
    value: quantile(stormy, 0.95) / quantile(calm, 0.95),
    unit: "times",
    target: { most: MOST_TIMES_LONGER },
    guards: {
      "the flood went on": { pass: floods > 0 && left > 0, said: `${floods} granted, ${left} left` },
    },
    notes: [`by themselves ${say(calm)}`, `beside the flood ${say(stormy)}`],
  };
}
