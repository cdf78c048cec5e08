/**
 * The inputs of one job, opened when its processor asks for them and let go when it is over. Made by `job.ts`;
 * what is shared between jobs is in `source/inputs.ts`.
 */
import type { Asking } from "./link/asking.ts";
import { JobError } from "./errors.ts";
import type { Source } from "./processors/processor.ts";
import type { Grant } from "./protocol.ts";
import type { HeldSource, Inputs } from "./source/inputs.ts";

export class JobInputs {
  readonly #grant: Grant;
  readonly #inputs: Inputs;
  readonly #asking: Asking;
  readonly #signal: AbortSignal;
  readonly #held = new Map<string, Promise<HeldSource>>();
  #failures: (() => Error | null)[] = [];

  constructor(grant: Grant, inputs: Inputs, asking: Asking, signal: AbortSignal) {
    this.#grant = grant;
    this.#inputs = inputs;
    this.#asking = asking;
    this.#signal = signal;
  }

  async open(name = this.#grant.inputs[0]?.name): Promise<Source> {
    const input = this.#grant.inputs.find((one) => one.name === name);
    if (!input) throw new JobError("crashed", `The job has no input named ${name ?? "anything"}.`);
    const known = this.#held.get(input.name);
    const opening =
      known ??
      this.#inputs.acquire({
        ...input,
        url: input.url,
        sign: () => this.#asking.input(input.name),
        signal: this.#signal,
      });
    this.#held.set(input.name, opening);
    const held = await opening;
    if (!known) this.#failures.push(held.failure);
    return held.source;
  }

  /** Why bytes did not come, where they did not. */
  failure(): Error | null {
    return this.#failures.map((failure) => failure()).find((error) => error !== null) ?? null;
  }

  async release(): Promise<void> {
    for (const opening of await Promise.allSettled(this.#held.values())) {
      if (opening.status === "fulfilled") opening.value.release();
    }
  }
}
