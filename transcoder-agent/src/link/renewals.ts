/**
 * When leases are renewed: all of them in one frame at the coordinator's pace, sooner after a step of progress.
 * Owned by `runner.ts`; decides nothing about jobs.
 */
import type { LeaseRef, Renew } from "../protocol.ts";

/** A step of progress that is worth a renewal of its own, and the least milliseconds between two. */
const PROGRESS_STEP = 0.05;
const PROGRESS_GAP_MS = 2_000;
/** Until the first welcome says otherwise. */
const RENEW_MS = 30_000;

/** A lease with how far its job is. */
export interface Renewable {
  lease: LeaseRef;
  fraction: number;
  /** The fraction last told. */
  told: number;
}

export interface RenewalOptions {
  live: () => readonly Renewable[];
  /** False while there is no link. */
  tell: (leases: Renew["leases"]) => boolean;
  random?: () => number;
  progressGapMs?: number;
}

export class Renewals {
  readonly #options: RenewalOptions;
  #everyMs = RENEW_MS;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #last = -Infinity;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** From now on every so many milliseconds, and once at once. */
  begin(everyMs: number): void {
    this.#everyMs = everyMs;
    this.#within(0);
  }

  /** There is a lease to be renewed in its time. */
  keepUp(): void {
    this.#within(this.#pace());
  }

  progressed(one: Renewable, fraction: number): void {
    one.fraction = Math.min(1, Math.max(one.fraction, fraction));
    if (one.fraction - one.told < PROGRESS_STEP) return;
    const gap = this.#options.progressGapMs ?? PROGRESS_GAP_MS;
    this.#within(Math.max(0, this.#last + gap - performance.now()));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #within(ms: number): void {
    const at = performance.now() + ms;
    if (this.#due <= at) return;
    clearTimeout(this.#timer);
    this.#due = at;
    this.#timer = setTimeout(() => this.#renew(), ms);
  }

  #renew(): void {
    this.#due = Infinity;
    const live = this.#options.live();
    if (live.length === 0) return;
    if (this.#options.tell(live.map(({ lease, fraction }) => ({ ...lease, fraction })))) {
      for (const one of live) one.told = one.fraction;
    }
    this.#last = performance.now();
    this.keepUp();
  }

  /** The interval ± 10 %, so that agents do not march in step. */
  #pace(): number {
    return this.#everyMs * (0.9 + 0.2 * (this.#options.random ?? Math.random)());
  }
}
