/**
 * Files made from one input (a remux), beside its sparse file: made once, shared by all jobs that read the
 * input, removed with it. Owned by `inputs.ts`, which counts the readers; knows nothing of what is made.
 */
import { rm } from "node:fs/promises";
import { abortable } from "../abort.ts";
import { Abandoned } from "../errors.ts";

/** Writes the file at `path`; ends when the signal is aborted. */
export type Make = (path: string, signal: AbortSignal) => Promise<void>;

interface Derivative {
  readonly path: string;
  readonly stop: AbortController;
  making: Promise<string>;
  finished: boolean;
}

export class Derivatives {
  readonly #prefix: string;
  readonly #known = new Map<string, Derivative>();
  /** Everything begun and not yet cleaned up, forgotten or not. */
  readonly #begun = new Set<Promise<string>>();
  #count = 0;

  /** All paths begin with `prefix`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The path of the finished file. A caller that gives up does not end what others wait for. */
  async get(name: string, make: Make, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const { making } = this.#known.get(name) ?? this.#begin(name, make);
    return abortable(making, signal);
  }

  /** Nobody reads the input now: what is unfinished ends and is forgotten, what is finished stays. */
  rest(): void {
    for (const [name, { finished, stop }] of this.#known) {
      if (finished) continue;
      this.#known.delete(name);
      stop.abort(new Abandoned("nobody reads this input any more"));
    }
  }

  async close(): Promise<void> {
    this.rest();
    const paths = [...this.#known.values()].map(({ path }) => path);
    this.#known.clear();
    await Promise.allSettled(this.#begun);
    for (const path of paths) await rm(path, { force: true });
  }

  #begin(name: string, make: Make): Derivative {
    // Never the path of one before: that may still be on its way out.
    const path = `${this.#prefix}.${this.#count++}.${name}`;
    const stop = new AbortController();
    const derivative = { path, stop, making: Promise.resolve(path), finished: false };
    derivative.making = this.#make(name, derivative, make);
    this.#known.set(name, derivative);
    this.#begun.add(derivative.making);
    const over = () => void this.#begun.delete(derivative.making);
    derivative.making.then(over, over);
    return derivative;
  }

  async #make(name: string, derivative: Derivative, make: Make): Promise<string> {
    const { path, stop } = derivative;
    try {
      await make(path, stop.signal);
      derivative.finished = true;
      return path;
    } catch (error) {
      // Before anybody hears of it: who tries again starts afresh.
      if (this.#known.get(name) === derivative) this.#known.delete(name);
      await rm(path, { force: true });
      throw error;
    }
  }
}
