/** Lets at most so many through at once, in the order they came. Used by transfers, so that many jobs share one line. */
import { reasonOf } from "../abort.ts";

interface Waiting {
  places: number;
  admit: () => void;
}

export class Gate {
  readonly #places: number;
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  /**
   * Runs `work` when there is a place; rejects with the signal's reason if it is aborted while waiting. What takes
   * several `places`, all of them at most, waits until so many are free, and who comes later waits behind it.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, places = 1): Promise<T> {
    const taken = Math.min(places, this.#places);
    await this.#enter(signal, taken);
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#admit();
    }
  }

  async #enter(signal: AbortSignal, places: number): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#free >= places) {
      this.#free -= places;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const one: Waiting = {
        places,
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        this.#admit();
        reject(reasonOf(signal));
      };
      this.#waiting.push(one);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.places <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.places;
      next.admit();
    }
  }
}
