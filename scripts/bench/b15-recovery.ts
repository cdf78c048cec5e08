/**
 * B15: the edge dies while a thousand agents hold a lease each, and comes back. All of them return at once, the
 * hardest way (real ones spread their return): from the moment it listens again until every lease is its holder's
 * again, none charged as an attempt or a loss, and all of them can be completed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import type { Grant, Slots, Welcome } from "#protocol";
import { soundInspection } from "../../edge/src/coordinator/testing/results.ts";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { ffmpeg } from "./kit/ffmpeg.ts";
import { type House, openHouse } from "./kit/house.ts";
import { inParallel } from "./kit/parallel.ts";
import { cpuOfAll, ourProcesses } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { SimulatedAgent } from "./kit/simulated-agent.ts";
import { sendFile } from "./kit/upload.ts";

const MOST_SECONDS = 30;
const ONE: Slots = { gpu: 0, cpu: 0, io: 1 };
const LIMIT_MS = 300_000;
const POLL_MS = 20;
const RESULT = { ...soundInspection("mp3").result, audio: [] };

export const recovery: Benchmark = {
  id: "B15",
  title: "the edge is killed: every lease is its holder's again",
  run: async (bench) => {
    const house = await openHouse(bench);
    const count = bench.pick(1_000, 200);
    bench.say(`${count} agents take a lease each`);
    const holders = await hold(bench, house, count);
    bench.say("killing the edge");
    await house.restartEdge();
    const cpu = () => cpuOfAll(ourProcesses("workerd"));
    const [began, cpuBefore] = [performance.now(), cpu()];
    await Promise.all(holders.map((holder) => holder.comeBack(house.url)));
    const seconds = (performance.now() - began) / 1_000;
    const spent = cpu() - cpuBefore;
    bench.say("completing");
    const accepted = await Promise.all(holders.map((holder) => holder.complete()));
    return [findingOf(holders, seconds, spent, accepted.filter(Boolean).length)];
  },
};

/** An agent and the one lease it holds. */
class Holder {
  readonly #key: string;
  readonly #label: string;
  readonly #bootId = crypto.randomUUID();
  #agent: SimulatedAgent | null = null;
  readonly grants: Grant[] = [];
  welcome: Welcome | null = null;

  constructor(key: string, label: string) {
    this.#key = key;
    this.#label = label;
  }

  async connect(host: string): Promise<void> {
    this.#agent = await SimulatedAgent.connect({
      ...{ host, key: this.#key, label: this.#label, slots: ONE, bootId: this.#bootId },
      held: this.grants.slice(0, 1).map(({ lease }) => lease),
      afterSeq: this.#agent?.seq ?? 0,
      work: (grant) => void this.grants.push(grant),
    });
    this.welcome = this.#agent.welcome;
  }

  /** Tries until the edge has it, as real agents do. */
  async comeBack(host: string): Promise<void> {
    for (const deadline = Date.now() + LIMIT_MS; ;) {
      try {
        return await this.connect(host);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(POLL_MS);
      }
    }
  }

  async complete(): Promise<boolean> {
    const [grant] = this.grants;
    return grant !== undefined && this.#agent !== null && this.#agent.deliver(grant.lease, [], RESULT);
  }

  async close(): Promise<void> {
    await this.#agent?.close();
  }
}

async function hold(bench: Bench, house: House, count: number): Promise<Holder[]> {
  const path = join(bench.folder, "tone.mp3");
  await ffmpeg(["-f", "lavfi", "-i", "sine=f=440:d=0.1", "-b:a", "64k", path]);
  await inParallel(count, () => sendFile(house.url, path));
  const holders: Holder[] = [];
  bench.defer(async () => void (await Promise.all(holders.map((holder) => holder.close()))));
  await inParallel(count, async (at) => {
    const label = `holder-${at}`;
    const holder = new Holder(await house.edge.agentKey(label), label);
    holders.push(holder);
    await holder.connect(house.url);
    const deadline = Date.now() + LIMIT_MS;
    while (holder.grants.length === 0 && Date.now() < deadline) await sleep(POLL_MS);
  });
  return holders;
}

function findingOf(holders: readonly Holder[], seconds: number, spent: number, accepted: number): Finding {
  const all = holders.length;
  const resumed = holders.filter(({ welcome }) => (welcome?.resumed.length ?? 0) > 0).length;
  const adopted = holders.filter(({ welcome }) => (welcome?.adopted.length ?? 0) > 0).length;
  const granted = holders.reduce((sum, { grants }) => sum + grants.length, 0);
  return {
    case: `${all} leases`,
    value: seconds,
    unit: "s",
    target: { most: MOST_SECONDS },
    guards: {
      "all are their holders'": {
        pass: resumed + adopted === all,
        said: `${resumed} resumed, ${adopted} adopted, of ${all}`,
      },
      "no attempt charged": { pass: granted === all, said: `${granted} grants of ${all} jobs` },
      "all completed": { pass: accepted === all, said: `${accepted} of ${all}` },
    },
    notes: [`CPU: workerd ${number((1_000 * spent) / all)} ms for each agent that came back`],
  };
}
