/**
 * What users do in a run: they upload, again where there was no acknowledgement, they delete, and they watch
 * while it is being made. Each thing acknowledged is remembered with its hash, for the checker to ask for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../../edge/src/coordinator/simulation/random.ts";
import { type FileRecord, readRecord } from "../demo/follow.ts";
import { type Acknowledged, remove, upload } from "./client.ts";
import type { History } from "./history.ts";
import type { Sample } from "./samples.ts";

export interface Kept extends Acknowledged {
  sample: Sample;
  /** `deleting`: it was asked for, and nobody knows whether it was heard. */
  state: "kept" | "deleting" | "deleted";
  status: FileRecord["status"];
  /** Kills each agent that begins it. */
  poison: boolean;
}

export interface LoadOptions {
  host: string;
  samples: readonly Sample[];
  draw: Chance;
  history: History;
  /** Films and other files in the making at a time. */
  most: { films: number; others: number };
}

const AGAIN_MS = 500;
const LOOK_MS = 1_000;
/** Seconds from one large film to the next. */
const LARGE_EACH_S = 150;

export class Load {
  readonly kept: Kept[] = [];
  readonly #options: LoadOptions;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Uploads until it is stopped. */
  async run(): Promise<void> {
    const { draw } = this.#options;
    await Promise.all([this.#follow(() => this.#stopped), this.#feed(draw), this.#feedLarge()]);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What is not made yet. */
  unsettled(): Kept[] {
    return this.kept.filter(({ state, status }) => state === "kept" && status === "processing");
  }

  /** Resolves when nothing is in the making; answers what still is when the time is over. */
  async settle(limitMs: number): Promise<Kept[]> {
    const deadline = performance.now() + limitMs;
    await this.#follow(() => this.unsettled().length === 0 || performance.now() > deadline);
    return this.unsettled();
  }

  /** Sends it until somebody acknowledges it, as people do. Null where that never came. */
  async send(sample: Sample, poison = false): Promise<Kept | null> {
    const { host, history } = this.#options;
    const name = sample.path.split("/").at(-1) ?? "";
    while (!this.#stopped) {
      try {
        const answer = await upload(host, sample);
        const kept: Kept = { ...answer, sample, poison, state: "kept", status: "processing" };
        this.kept.push(kept);
        history.note("upload acknowledged", { file: answer.id, name, sha256: sample.sha256, poison });
        return kept;
      } catch (error) {
        history.note("upload not acknowledged", { name, reason: String(error).slice(0, 200) });
        await sleep(AGAIN_MS);
      }
    }
    return null;
  }

  /** A client that dies half way, and comes again. */
  async sendAndDie(): Promise<void> {
    const { host, samples, draw, history } = this.#options;
    const sample = draw.pick(samples.filter(({ large }) => !large));
    const diesAt = draw.whole(0, sample.size - 1);
    const facts = { name: sample.path.split("/").at(-1) ?? "", diesAt, of: sample.size };
    await upload(host, sample, diesAt).then(
      () => history.note("violation", { ...facts, what: "half an upload was acknowledged" }),
      () => history.note("client died", facts),
    );
    await this.send(sample);
  }

  /** One that is being made, if there is one. */
  async deleteOne(): Promise<void> {
    const { draw, history } = this.#options;
    const there = this.kept.filter(({ state, poison }) => state === "kept" && !poison);
    const making = there.filter(({ status, sample }) => status === "processing" && sample.kind === "film");
    const one = making.length > 0 ? draw.pick(making) : there.length > 3 ? draw.pick(there) : null;
    if (one === null) return;
    one.state = "deleting";
    while (!this.#stopped) {
      const status = await remove(one.delete_url).catch(() => null);
      history.note("deletion", { file: one.id, status });
      if (status === 204 || status === 410) one.state = "deleted";
      if (one.state === "deleted") return;
      await sleep(AGAIN_MS);
    }
  }

  async #feed(draw: Chance): Promise<void> {
    const { samples, most } = this.#options;
    const films = samples.filter(({ kind, large }) => kind === "film" && !large);
    const others = samples.filter(({ kind }) => kind !== "film");
    while (!this.#stopped) {
      const open = this.unsettled();
      const busy = open.filter(({ sample }) => sample.kind === "film").length;
      if (busy < most.films) await this.send(draw.pick(films));
      else if (open.length - busy < most.others) await this.send(draw.pick(others));
      await sleep(draw.between(0.3, 1.5) * LOOK_MS);
    }
  }

  async #feedLarge(): Promise<void> {
    const large = this.#options.samples.find((sample) => sample.large);
    if (large === undefined) return;
    for (let seconds = 0; !this.#stopped; seconds++) {
      if (seconds % LARGE_EACH_S === 0) await this.send(large);
      await sleep(LOOK_MS);
    }
  }

  async #follow(over: () => boolean): Promise<void> {
    const { host, history } = this.#options;
    while (!over()) {
      for (const one of this.unsettled()) {
        const record = await readRecord(host, one.id).catch(() => null);
        if (record === null || record.status === one.status) continue;
        one.status = record.status;
        history.note("file settled", { file: one.id, status: record.status });
      }
      await sleep(LOOK_MS);
    }
  }
}
