/**
 * What the storage and the catalogue do to requests while they are ill: windows of time with chances of failing
 * before, failing after, and stalling. Each window has its own stream, so that leaving one out moves nothing else.
 */
import type { Chance } from "./random.ts";
import { FINE, type Fate } from "./world.ts";

export interface Illness {
  from: number;
  until: number;
  before: number;
  after: number;
  stall: number;
  /** Milliseconds at most. */
  stallMs: number;
  chance: Chance;
}

export class Health {
  readonly #illnesses: Illness[] = [];
  readonly #error: () => Error;

  /** `error`: what a failed request says. */
  constructor(error: () => Error) {
    this.#error = error;
  }

  fall(illness: Illness): void {
    this.#illnesses.push(illness);
  }

  recover(): void {
    this.#illnesses.length = 0;
  }

  fate(now: number): Fate {
    let fate = FINE;
    for (const { from, until, before, after, stall, stallMs, chance } of this.#illnesses) {
      if (now < from || now >= until) continue;
      if (chance.hits(before)) fate = { ...fate, before: this.#error() };
      else if (chance.hits(after)) fate = { ...fate, after: this.#error() };
      if (!chance.hits(stall)) continue;
      const ms = chance.between(0, stallMs);
      fate = chance.hits(0.5) ? { ...fate, stallMs: ms } : { ...fate, stallBackMs: ms };
    }
    return fate;
  }
}
