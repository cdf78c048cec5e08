/**
 * The leases this agent holds: takes grants while there are free slots, drops what is cancelled or lost, rests
 * when it is told to, and hands everything back when the agent stops. Listens to `connection.ts`, starts
 * `job.ts`; knows no media and no storage.
 */
import { withLimit } from "./abort.ts";
import type { Connection, Listener } from "./connection.ts";
import type { Ending } from "./link/ending.ts";
import { Abandoned, JobError } from "./errors.ts";
import type { Attempt, Fate } from "./job.ts";
import { freeSlots, NO_SLOTS, sameSlots, type Occupied } from "./machine/free-slots.ts";
import type { Log } from "./log.ts";
import type { Cancel, Drain, Grant, LeaseRef, Renewed, Slots, Welcome } from "./protocol.ts";
import { Renewals, type Renewable } from "./link/renewals.ts";
import type { Rest } from "./rest/resting.ts";

/** The agent gives up an attempt a little before the coordinator does, so that its report still counts. */
const DEADLINE_MARGIN_MS = 5_000;
/** For answers to the releases at the end, and for killed tools to be gone. */
const RELEASE_MS = 5_000;
const CLEANUP_MS = 10_000;

export interface RunnerOptions {
  connection: Pick<Connection, "ask" | "tell" | "up">;
  /** Jobs at work at a time. */
  capacity: Slots;
  run: (attempt: Attempt) => Promise<Fate>;
  /** Told once when only a person can help, or the last connection is no more. */
  stopped: (ending: Ending) => void;
  log: Log;
  random?: () => number;
  progressGapMs?: number;
}

interface Held extends Occupied, Renewable {
  readonly grant: Grant;
  /** Milliseconds since 1970, for people. */
  readonly since: number;
  readonly control: AbortController;
  done: Promise<void>;
}

/** What the runner holds and has done, as `health.ts` shows it. */
export interface RunnerState {
  free: Slots;
  /** Why it takes nothing although it could. */
  resting: string | null;
  /** The edge asked it to take nothing. */
  draining: boolean;
  jobs: { id: string; kind: string; slot: keyof Slots; fraction: number; since: number }[];
  fates: Record<Fate, number>;
}

export class Runner implements Listener {
  readonly #options: RunnerOptions;
  readonly #log: Log;
  readonly #held = new Set<Held>();
  /** The coordinator wants no more of this agent until the next welcome. */
  #excused = false;
  #stopping = false;
  readonly #hurry = new AbortController();
  readonly #renewals: Renewals;
  #rest: Rest | null = null;
  #restEnds: NodeJS.Timeout | undefined;
  #readyDue = false;
  /** What the coordinator has been told on this link, counted on by its own grants; null: nothing yet. */
  #known: { slots: Slots; resting: string | undefined } | null = null;
  /** `performance.now()` since when nothing is held. */
  #emptySince: number | null = performance.now();
  readonly #fates: Record<Fate, number> = { done: 0, failed: 0, dropped: 0 };

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#log = options.log;
    const { connection, random, progressGapMs } = options;
    this.#renewals = new Renewals({
      live: () => this.#live(),
      tell: (leases) => connection.tell({ type: "renew", leases }),
      ...(random && { random }),
      ...(progressGapMs !== undefined && { progressGapMs }),
    });
  }

  /** Jobs of each class that could be begun now: by slots at work, and by leases that can be held. */
  get freeSlots(): Slots {
    if (this.#stopping || this.#excused || this.#rest) return NO_SLOTS;
    return freeSlots(this.#options.capacity, [...this.#held]);
  }

  /** Milliseconds for which nothing has been held. */
  get idleMs(): number {
    return this.#emptySince === null ? 0 : performance.now() - this.#emptySince;
  }

  get state(): RunnerState {
    const jobs = [...this.#held].map(({ grant, lease, slot, fraction, since }) => {
      return { id: lease.job, kind: grant.recipe.kind, slot, fraction, since };
    });
    const resting = this.#rest?.reason ?? null;
    return { free: this.freeSlots, resting, draining: this.#excused, jobs, fates: { ...this.#fates } };
  }

  held(): LeaseRef[] {
    return this.#live().map(({ lease }) => lease);
  }

  welcomed({ renewMs, adopted, lost }: Welcome): void {
    this.#excused = false;
    for (const { job, from, lease } of adopted) {
      const heir = this.#live().find((held) => held.lease.job === job && held.lease.epoch === from);
      if (heir) heir.lease = lease;
      else void this.#release(lease);
    }
    this.#drop(lost, "lost while away");
    this.#known = null;
    this.#tellReady();
    this.#renewals.begin(renewMs);
  }

  granted(grant: Grant): void {
    const { job, epoch } = grant.lease;
    const known = this.#live().find((held) => held.lease.job === job);
    if (known && known.lease.epoch >= epoch) return;
    if (this.#known)
      this.#known.slots = { ...this.#known.slots, [grant.slot]: this.#known.slots[grant.slot] - 1 };
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

  /**
   * Takes nothing for a while, and says why; null: takes jobs again. What runs when a rest begins may end within
   * `graceMs`, and is then given back uncharged where the rest asks for that.
   */
  rest(rest: Rest | null, graceMs: number): void {
    this.#rest = rest;
    clearTimeout(this.#restEnds);
    if (rest?.endsJobs) this.#restEnds = setTimeout(() => void this.#giveBack(), graceMs);
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
    const releases = this.#giveBack();
    if (this.#options.connection.up) await withLimit(releases, RELEASE_MS);
    await this.ended();
  }

  /** Ends the waiting of a drain that is under way. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** When no job runs any more, or clean-up takes too long to be waited for. */
  async ended(): Promise<void> {
    this.#renewals.stop();
    clearTimeout(this.#restEnds);
    await withLimit(Promise.allSettled([...this.#held].map(({ done }) => done)), CLEANUP_MS);
  }

  #live(): Held[] {
    return [...this.#held].filter(({ control }) => !control.signal.aborted);
  }

  #start(grant: Grant): void {
    const control = new AbortController();
    const held: Held = {
      grant,
      since: Date.now(),
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
    this.#emptySince = null;
    const run = this.#options.run({
      grant,
      signal: control.signal,
      lease: () => held.lease,
      progress: (fraction) => this.#renewals.progressed(held, fraction),
      processed: () => {
        held.working = false;
        this.#tellReady();
      },
      stopping: () => this.#stopping,
    });
    held.done = run
      .then((fate) => void (this.#fates[fate] += 1))
      .finally(() => {
        clearTimeout(deadline);
        this.#held.delete(held);
        if (this.#held.size === 0) this.#emptySince = performance.now();
        this.#tellReady();
      });
    this.#renewals.keepUp();
  }

  #drop(jobs: readonly string[], reason: string): void {
    for (const held of this.#live()) if (jobs.includes(held.lease.job)) this.#abandon(held, reason);
  }

  /** The slot stays taken until the job has cleaned up after itself. */
  #abandon(held: Held, reason: string): void {
    held.control.abort(new Abandoned(reason));
  }

  /** Drops all that is held, and says so to the coordinator. */
  async #giveBack(): Promise<void> {
    await Promise.allSettled(
      this.#live().map((held) => {
        this.#abandon(held, "given back");
        return this.#release(held.lease);
      }),
    );
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
      const resting = this.#rest?.reason;
      if (this.#known?.resting === resting && this.#known && sameSlots(slots, this.#known.slots)) return;
      const told = this.#options.connection.tell({
        type: "ready",
        slots,
        ...(resting !== undefined && { resting }),
      });
      this.#known = told ? { slots, resting } : null;
    });
  }
}

/** setTimeout takes at most 2^31 − 1 ms. */
function deadlineOf({ deadlineMs }: Grant): number {
  return Math.min(deadlineMs - Math.min(DEADLINE_MARGIN_MS, deadlineMs / 10), 2 ** 31 - 1);
}
