/**
 * Simulated agents with one core each, whose work is waiting: a job takes what the cost model says, divided by
 * `haste`. Everything else is real: sockets, signed addresses, objects (tiny ones), completions.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Grant, Recipe, Slots } from "#protocol";
import { makeResult } from "../../../edge/src/coordinator/testing/results.ts";
import type { Bench } from "../benchmark.ts";
import { costOf, piecesOf } from "./cost-model.ts";
import type { House } from "./house.ts";
import { SimulatedAgent } from "./simulated-agent.ts";

const CAPACITY: Slots = { gpu: 0, cpu: 1, io: 2 };

export interface FleetOptions {
  agents: number;
  /** What their inspection says of any film. */
  filmSeconds: number;
  haste: number;
}

/** What was made, counted once however often it was made. */
export class Harvest {
  readonly #pieces = new Set<string>();
  /** Seconds on one core that a single agent would have needed for all of it. */
  needed = 0;
  /** Seconds on one core that were spent. */
  spent = 0;
  rectangles = 0;
  /** Seconds on one core: no number of agents is faster than that. */
  longest = 0;
  /** Milliseconds, as they passed: from the end of the work until it was acknowledged, … */
  readonly deliveries: number[] = [];
  /** … and from a free core until the next rectangle came. */
  readonly idles: number[] = [];

  note(recipe: Recipe): void {
    const fresh = piecesOf(recipe).filter(({ name }) => !this.#pieces.has(name));
    const cost = costOf(recipe);
    const pieces = piecesOf(recipe);
    this.spent += cost;
    this.longest = Math.max(this.longest, cost);
    if (recipe.kind === "video") this.rectangles += 1;
    if (pieces.length > 0 && fresh.length === 0) return;
    const repeated = pieces.reduce((total, { seconds }) => total + seconds, 0);
    this.needed += cost - repeated + fresh.reduce((total, { seconds }) => total + seconds, 0);
    for (const { name } of fresh) this.#pieces.add(name);
  }
}

export async function startFleet(bench: Bench, house: House, options: FleetOptions): Promise<Harvest> {
  const harvest = new Harvest();
  for (let number = 1; number <= options.agents; number++) {
    const label = `simulated-${number}`;
    const held: Slots = { gpu: 0, cpu: 0, io: 0 };
    const free = () => ({
      gpu: 0,
      cpu: Math.max(0, CAPACITY.cpu - held.cpu),
      io: Math.max(0, CAPACITY.io - held.io),
    });
    let idleSince: number | null = null;
    const agent = await SimulatedAgent.connect({
      ...{ host: house.url, key: await house.edge.agentKey(label), label, slots: CAPACITY },
      work: async (grant, self) => {
        held[grant.slot] += 1;
        if (grant.slot === "cpu" && idleSince !== null) harvest.idles.push(performance.now() - idleSince);
        try {
          await pretend(grant, self, options, harvest);
        } finally {
          held[grant.slot] -= 1;
          if (grant.slot === "cpu") idleSince = performance.now();
          self.ready(free());
        }
      },
    });
    bench.defer(() => agent.close());
    agent.ready(free());
  }
  return harvest;
}

async function pretend(
  grant: Grant,
  agent: SimulatedAgent,
  { filmSeconds, haste }: FleetOptions,
  harvest: Harvest,
): Promise<void> {
  const { uploads, result } = makeResult(grant, filmSeconds);
  await sleep((1_000 * costOf(grant.recipe)) / haste);
  const done = performance.now();
  const accepted = await agent.deliver(grant.lease, uploads, result);
  if (grant.slot === "cpu") harvest.deliveries.push(performance.now() - done);
  if (accepted) harvest.note(grant.recipe);
}
