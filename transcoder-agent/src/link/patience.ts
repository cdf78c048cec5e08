/**
 * How long a transfer goes on trying: pure, asked by `transfer.ts` after every setback. The three kinds are
 * told apart because a home line may be away for minutes, while a storage that keeps saying no means it.
 */

/** `unreachable`: no answer at all · `busy`: 5xx, 429 and the like · `denied`: the address is not taken (any more). */
export type Setback = "unreachable" | "busy" | "denied";

export interface PatienceLimits {
  /** Milliseconds from the first setback of that kind on, without a byte of progress since. */
  unreachableMs: number;
  /** Answers of that kind in a row without progress. */
  busy: number;
  denied: number;
  /** Milliseconds before the first further try; doubles up to `slowestMs`, times 0.5 … 1.5. */
  firstMs: number;
  slowestMs: number;
}

export const PATIENCE: PatienceLimits = {
  // As long as a cut-off agent keeps working at all (coordination.md).
  unreachableMs: 10 * 60_000,
  busy: 8,
  denied: 3,
  firstMs: 250,
  slowestMs: 15_000,
};

export class Patience {
  readonly #limits: PatienceLimits;
  readonly #random: () => number;
  #awaySince: number | null = null;
  #inARow = 0;
  #counts = { busy: 0, denied: 0 };

  constructor(limits: PatienceLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Bytes went through: all is forgiven. */
  progressed(): void {
    this.#awaySince = null;
    this.#inARow = 0;
    this.#counts = { busy: 0, denied: 0 };
  }

  /** Milliseconds to wait before the next try, or null: give up. */
  after(setback: Setback, now: number): number | null {
    if (setback === "unreachable") {
      this.#awaySince ??= now;
      if (now - this.#awaySince > this.#limits.unreachableMs) return null;
    } else if (++this.#counts[setback] >= this.#limits[setback]) {
      return null;
    }
    const step = Math.min(this.#limits.slowestMs, this.#limits.firstMs * 2 ** this.#inARow++);
    return step * (0.5 + this.#random());
  }
}
