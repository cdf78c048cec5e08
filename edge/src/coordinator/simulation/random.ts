/**
 * Seeded chance. Each purpose has a stream of its own, named by words, so that leaving one thing out of a
 * simulation draws nothing away from the others. Pure.
 */
export interface Chance {
  /** 0 … 1, without 1. */
  next(): number;
  /** True so often. */
  hits(probability: number): boolean;
  /** Evenly between the two. */
  between(low: number, high: number): number;
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  /** One of several; the list is never empty. */
  pick<T>(list: readonly T[]): T;
}

/** The stream of a seed for one purpose. */
export function chance(seed: number, ...purpose: (string | number)[]): Chance {
  let state = hash32(`${seed} ${purpose.join(" ")}`);
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    hits: (probability) => next() < probability,
    between: (low, high) => low + next() * (high - low),
    whole,
    pick: <T>(list: readonly T[]) => {
      const picked = list[whole(0, list.length - 1)];
      if (picked === undefined) throw new Error("nothing to pick from");
      return picked;
    },
  };
}

/** FNV-1a of a text, carried on from an earlier one. */
export function hash32(text: string, from = 0x811c9dc5): number {
  let hash = from;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
