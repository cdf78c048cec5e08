/**
 * Lets what begins a film go ahead of the rest of it: jobs of one agent share its line and cores, and the first
 * segment is what somebody waits for. Kept for each input by `inputs.ts`; knows neither jobs nor recipes.
 */
import { abortable } from "../abort.ts";

/** Milliseconds that the rest stands back at most: a beginning that takes longer is in trouble of its own. */
const LONGEST_MS = 10_000;

export class HeadStart {
  readonly #limitMs: number;
  readonly #heads = new Set<Promise<unknown>>();

  constructor(limitMs = LONGEST_MS) {
    this.#limitMs = limitMs;
  }

  /** While this runs, others stand back. */
  async lead<T>(work: () => Promise<T>): Promise<T> {
    const head = work();
    this.#heads.add(head);
    try {
      return await head;
    } finally {
      this.#heads.delete(head);
    }
  }

  /** Resolves when nobody leads, also where one failed, or when it has taken too long. */
  async standBack(signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(this.#limitMs);
    while (this.#heads.size > 0 && !limit.aborted) {
      const over = Promise.allSettled(this.#heads);
      await abortable(over, AbortSignal.any([signal, limit])).catch(() => signal.throwIfAborted());
    }
  }
}
