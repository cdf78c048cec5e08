/**
 * Which bytes of a file are there: a sorted set of half-open ranges `[from, to)` that never touch. Pure;
 * `input.ts` keeps one for the bytes on disk. Knows neither files nor requests.
 */
export type Interval = readonly [from: number, to: number];

export class Intervals {
  #ranges: Interval[] = [];

  /** Adds `[from, to)`, joining it with all it overlaps or touches. */
  add(from: number, to: number): void {
    if (to <= from) return;
    const first = this.#firstEndingAt(from);
    let last = first;
    let [low, high] = [from, to];
    for (let range = this.#ranges[last]; range && range[0] <= high; range = this.#ranges[++last]) {
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
    }
    this.#ranges.splice(first, last - first, [low, high]);
  }

  /** Where the unbroken run that holds byte `at` ends; `at` itself when that byte is missing. */
  runEnd(at: number): number {
    const range = this.#ranges[this.#firstEndingAt(at + 1)];
    return range && range[0] <= at ? range[1] : at;
  }

  /** The first byte at or after `at` that is there, or `limit`. */
  nextStart(at: number, limit: number): number {
    const range = this.#ranges[this.#firstEndingAt(at + 1)];
    return range ? Math.min(limit, Math.max(at, range[0])) : limit;
  }

  /** What is missing of `[from, to)`, in order. */
  gaps(from: number, to: number): Interval[] {
    const gaps: Interval[] = [];
    for (let at = this.runEnd(from); at < to;) {
      const end = this.nextStart(at, to);
      gaps.push([at, end]);
      at = this.runEnd(end);
    }
    return gaps;
  }

  /** Bytes that are there. */
  get total(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  toArray(): Interval[] {
    return [...this.#ranges];
  }

  /** Index of the first range whose end is `at` or later: ends are sorted, so by halves. */
  #firstEndingAt(at: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range && range[1] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
