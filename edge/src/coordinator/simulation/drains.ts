/**
 * Agents that were asked to end and ended in order, over a line that was good all the while: they have given back or
 * finished what they held, so nothing of it may be lost afterwards, when they are gone and nobody else could be
 * blamed. Told by agents, asked by `ledger-watch.ts`.
 */
import type { Network } from "./network.ts";
import type { ObjectHost } from "./object.ts";
import type { Plan } from "./plan.ts";
import type { Wire } from "./wire.ts";
import type { Process, World } from "./world.ts";

/** One that goes on. */
interface Drain {
  wire: Wire;
  life: Process | null;
  since: number;
  /** Held when it began. */
  jobs: readonly string[];
}

export class Drains {
  readonly #under = new Map<Process, Drain>();
  readonly #over = new Set<string>();
  readonly #world: World;
  readonly #network: Network;
  readonly #object: ObjectHost;
  readonly #fair: boolean;

  constructor(world: World, network: Network, object: ObjectHost, plan: Plan) {
    this.#world = world;
    this.#network = network;
    this.#object = object;
    this.#fair = isFair(plan);
  }

  /** `jobs`: those in its hands. */
  begin(process: Process, jobs: readonly string[]): void {
    const wire = this.#network.wires.get(process);
    if (!wire || !this.#fair) return;
    this.#under.set(process, { wire, life: this.#object.process, since: this.#world.now, jobs });
  }

  /** Its process exits. `calmSince`: since when nothing has befallen it; `up`: it was heard to the last. */
  end(process: Process, calmSince: number, up: boolean): void {
    const drain = this.#under.get(process);
    this.#under.delete(process);
    if (!drain || !up || calmSince > drain.since) return;
    const { wire, life, jobs } = drain;
    const same = this.#network.wires.get(process) === wire && this.#object.process === life;
    if (!same || wire.spoiled) return;
    for (const job of jobs) this.#over.add(`${process.name} ${job}`);
  }

  /** The process of that name had the job when it was asked to end, and ended in order. */
  has(boot: string, job: string): boolean {
    return this.#over.has(`${boot} ${job}`);
  }
}

/**
 * A release waits behind other frames of its agent, and one that asks for addresses of parts may wait for a storage or
 * a catalogue that are ill for longer than an agent waits when it ends.
 */
function isFair({ items }: Plan): boolean {
  const ill = items.some(({ deed }) => deed.kind === "r2" || deed.kind === "d1");
  return !ill || !items.some(({ deed }) => deed.kind === "upload" && deed.file.nature === "large");
}
