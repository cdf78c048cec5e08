/**
 * The leases this agent holds: takes grants while there are free slots, renews all leases in one frame, drops
 * what is cancelled or lost, and hands everything back when the agent stops. Listens to `connection.ts`,
 * starts `job.ts`; knows no media and no storage.
 */
import { withLimit } from "./abort.ts";
import type { Connection, Listener } from "./connection.ts";
import type { Ending } from "./ending.ts";
import { Abandoned, JobError } from "./errors.ts";
import type { Attempt } from "./job.ts";
import { freeSlots, NO_SLOTS, sameSlots, type Occupied } from "./free-slots.ts";
import type { Log } from "./log.ts";
import type { Cancel, Drain, Grant, LeaseRef, Renewed, Slots, Welcome } from "./protocol.ts";

/** A step of progress that is worth a renewal of its own, and the least milliseconds between two. */
const PROGRESS_STEP = 0.05;
const PROGRESS_GAP_MS = 2_000;
/** Until the first welcome says otherwise. */
const RENEW_MS = 30_000;
/** The agent gives up an attempt a little before the coordinator does, so that its report still counts. */
const DEADLINE_MARGIN_MS = 5_000;
/** For answers to the releases at the end, and for killed tools to be gone. */
const RELEASE_MS = 5_000;
const CLEANUP_MS = 10_000;

export interface RunnerOptions {
  connection: Pick<Connection, "ask" | "tell" | "up">;
  /** Jobs at work at a time. */
  capacity: Slots;
  run: (attempt: Attempt) => Promise<void>;
  /** Told once when only a person can help, or the last connection is no more. */
  stopped: (ending: Ending) => void;
  log: Log;
  random?: () => number;
  progressGapMs?: number;
}

interface Held extends Occupied {
  lease: LeaseRef;
  fraction: number;
  /** The fraction last told. */
  told: number;
  readonly control: AbortController;
  done: Promise<void>;
}

export class Runner implements Listener {
  readonly #options: RunnerOptions;
  readonly #log: Log;
  readonly #held = new Set<Held>();
  /** The coordinator wants no more of this agent until the next welcome. */
  #excused = false;
  #stopping = false;
  readonly #hurry = new AbortController();
  #renewMs = RENEW_MS;
  #renewTimer: NodeJS.Timeout | undefined;
  #renewAt = Infinity;
  #renewedAt = -Infinity;
  #readyDue = false;
  /** Free slots as the coordinator sees them; null: it has not been told on this link. */
  #known: Slots | null = null;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Jobs of each class that could be begun now: by slots at work, and by leases that can be held. */
  get freeSlots(): Slots {
    if (this.#stopping || this.#excused) return NO_SLOTS;
    return freeSlots(this.#options.capacity, [...this.#held]);
  }

  held(): LeaseRef[] {
    return this.#live().map(({ lease }) => lease);
  }

  welcomed({ renewMs, adopted, lost }: Welcome): void {
    this.#renewMs = renewMs;
    this.#excused = false;
    for (const { job, from, lease } of adopted) {
      const heir = this.#live().find((held) => held.lease.job === job && held.lease.epoch === from);
      if (heir) heir.lease = lease;
      else void this.#release(lease);
    }
    this.#drop(lost, "lost while away");
    this.#known = null;
    this.#tellReady();
    this.#renewIn(0);
  }

  granted(grant: Grant): void {
    const { job, epoch } = grant.lease;
    const known = this.#live().find((held) => held.lease.job === job);
    if (known && known.lease.epoch >= epoch) return;
    if (this.#known) this.#known = { ...this.#known, [grant.slot]: this.#known[grant.slot] - 1 };
    if (known) this.#abandon(known, "granted anew");
    if (this.freeSlots[grant.slot] > 0) return this.#start(grant);
    this.#log.info("a grant too many was given back", { job, slot: grant.slot });
    this.#tellReady();
    void this.#release(grant.lease);
  }

  cancelled({ jobs, reason }: Cancel): void {
    this.#drop(jobs, reason);
  }

  renewed({ lost }: Renewed): void {
    this.#drop(lost, "lost");
  }

  drained({ reason }: Drain): void {
    this.#log.warn("the edge gives this agent no more jobs for now", { reason });
    this.#excused = true;
    this.#tellReady();
  }

  resumed(): void {
    if (!this.#excused) return;
    this.#log.info("the edge gives this agent jobs again");
    this.#excused = false;
    this.#tellReady();
  }

  cutOff(): void {
    for (const held of this.#live()) this.#abandon(held, "no contact for too long");
  }

  stopped(ending: Ending): void {
    for (const held of this.#live()) this.#abandon(held, "the agent stops");
    this.#options.stopped(ending);
  }

  /** Takes nothing new, lets end what ends within `graceMs`, and gives the rest back. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#tellReady();
    const jobs = this.#held.size;
    if (jobs > 0) this.#log.info("finishing jobs; a second signal gives them back at once", { jobs });
    const all = Promise.allSettled([...this.#held].map(({ done }) => done));
    await withLimit(all, graceMs, this.#hurry.signal);
    const releases = this.#live().map((held) => {
      this.#abandon(held, "given back");
      return this.#release(held.lease);
    });
    if (this.#options.connection.up) await withLimit(Promise.allSettled(releases), RELEASE_MS);
    await this.ended();
  }

  /** Ends the waiting of a drain that is under way. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** When no job runs any more, or clean-up takes too long to be waited for. */
  async ended(): Promise<void> {
    clearTimeout(this.#renewTimer);
    await withLimit(Promise.allSettled([...this.#held].map(({ done }) => done)), CLEANUP_MS);
  }

  #live(): Held[] {
    return [...this.#held].filter(({ control }) => !control.signal.aborted);
  }

  #start(grant: Grant): void {
    const control = new AbortController();
    const held: Held = {
      lease: grant.lease,
      slot: grant.slot,
      working: true,
      fraction: 0,
      told: 0,
      control,
      done: Promise.resolve(),
    };
    const late = new JobError("timeout", "The job took longer than it may.");
    const deadline = setTimeout(() => control.abort(late), deadlineOf(grant));
    this.#held.add(held);
    const run = this.#options.run({
      grant,
      signal: control.signal,
      lease: () => held.lease,
      progress: (fraction) => this.#progress(held, fraction),
      processed: () => {
        held.working = false;
        this.#tellReady();
      },
      stopping: () => this.#stopping,
    });
    held.done = run.finally(() => {
      clearTimeout(deadline);
      this.#held.delete(held);
      this.#tellReady();
    });
    this.#renewIn(this.#pace());
  }

  #progress(held: Held, fraction: number): void {
    held.fraction = Math.min(1, Math.max(held.fraction, fraction));
    if (held.fraction - held.told < PROGRESS_STEP) return;
    const gap = this.#options.progressGapMs ?? PROGRESS_GAP_MS;
    this.#renewIn(Math.max(0, this.#renewedAt + gap - performance.now()));
  }

  /** Sees to it that leases are renewed within so many milliseconds. */
  #renewIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#renewAt <= at) return;
    clearTimeout(this.#renewTimer);
    this.#renewAt = at;
    this.#renewTimer = setTimeout(() => this.#renew(), ms);
  }

  #renew(): void {
    this.#renewAt = Infinity;
    const live = this.#live();
    if (live.length === 0) return;
    const leases = live.map(({ lease, fraction }) => ({ ...lease, fraction }));
    if (this.#options.connection.tell({ type: "renew", leases })) {
      for (const held of live) held.told = held.fraction;
    }
    this.#renewedAt = performance.now();
    this.#renewIn(this.#pace());
  }

  /** The interval ± 10 %, so that agents do not march in step. */
  #pace(): number {
    return this.#renewMs * (0.9 + 0.2 * (this.#options.random ?? Math.random)());
  }

  #drop(jobs: readonly string[], reason: string): void {
    for (const held of this.#live()) if (jobs.includes(held.lease.job)) this.#abandon(held, reason);
  }

  /** The slot stays taken until the job has cleaned up after itself. */
  #abandon(held: Held, reason: string): void {
    held.control.abort(new Abandoned(reason));
  }

  async #release(lease: LeaseRef): Promise<void> {
    await this.#options.connection.ask({ type: "release", lease }).catch(() => undefined);
  }

  /**
   * Tells free slots where the coordinator knows otherwise, once for all changes of this moment. It counts its
   * own grants down, so a grant alone is not worth a frame: by the time it arrived there might be another
   * grant on its way, and the word would be old.
   */
  #tellReady(): void {
    if (this.#readyDue) return;
    this.#readyDue = true;
    queueMicrotask(() => {
      this.#readyDue = false;
      const slots = this.freeSlots;
      if (this.#known && sameSlots(slots, this.#known)) return;
      this.#known = this.#options.connection.tell({ type: "ready", slots }) ? slots : null;
    });
  }
}

/** setTimeout takes at most 2^31 − 1 ms. */
function deadlineOf({ deadlineMs }: Grant): number {
  return Math.min(deadlineMs - Math.min(DEADLINE_MARGIN_MS, deadlineMs / 10), 2 ** 31 - 1);
}
