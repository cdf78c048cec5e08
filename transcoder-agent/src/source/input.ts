/**
 * One input as a sparse file: bytes are fetched when somebody reads them, each once, and stay. Readers share
 * what is there and what is under way. Owned by `inputs.ts`; knows ranges, not addresses or jobs.
 */
import { open, rm, type FileHandle } from "node:fs/promises";
import { abortable } from "../abort.ts";
import { asJobError } from "../machine/disk.ts";
import { Intervals, type Interval } from "./intervals.ts";

/** Fetches `[from, to)` and hands over chunks in order. */
export type Fetch = (
  range: Interval,
  sink: (chunk: Buffer, at: number) => Promise<void>,
  signal: AbortSignal,
) => Promise<void>;

const MIB = 1_024 * 1_024;
/** Asked for at once where a reader lands; twice that when nothing would be left over (a `moov` at the end). */
export const JUMP_BYTES = 2 * MIB;
/** Asked for at once where a reader goes on. */
export const RUN_BYTES = 8 * MIB;
/** At most so far ahead of a reader, and never further than twice what it has read in one go. */
const AHEAD_BYTES = 32 * MIB;
/** Ranges under way while a whole file is wanted. */
const LANES = 3;
const CHUNK_BYTES = 256 * 1_024;

/** Milliseconds that a reader who stands aside waits for others in one go: on a slow line it must get on, too. */
const ASIDE_MS = 20_000;

/** A stretch being fetched; `at` moves as it arrives. */
interface Claim {
  at: number;
  readonly to: number;
  readonly aside: boolean;
  done: Promise<void>;
}

interface Waiter {
  at: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class Input {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #fetch: Fetch;
  readonly #asideMs: number;
  readonly #have = new Intervals();
  readonly #claims = new Set<Claim>();
  readonly #waiters = new Set<Waiter>();
  #stop = new AbortController();

  private constructor(path: string, size: number, file: FileHandle, fetch: Fetch, asideMs: number) {
    this.path = path;
    this.size = size;
    this.#file = file;
    this.#fetch = fetch;
    this.#asideMs = asideMs;
  }

  static async open(path: string, size: number, fetch: Fetch, asideMs = ASIDE_MS): Promise<Input> {
    const file = await open(path, "w+", 0o600);
    await file.truncate(size);
    return new Input(path, size, file, fetch, asideMs);
  }

  /** Somebody reads what has not arrived yet. Each wait ends: with the bytes, or with why they do not come. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  get missing(): number {
    return this.size - this.#have.total;
  }

  /**
   * The bytes of `[from, to)` in order, as they come. A chunk is good until the next one is asked for. Who stands
   * `aside` takes what others fetch, and fetches by itself only while nobody else does.
   */
  async *read(from: number, to: number, signal: AbortSignal, aside = false): AsyncGenerator<Buffer> {
    // One buffer for all chunks: gigabytes pass here, and garbage of that size is memory that is in use.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - from));
    for (let at = from; at < to;) {
      signal.throwIfAborted();
      const end = Math.min(to, this.#have.runEnd(at), at + CHUNK_BYTES);
      if (end <= at) {
        if (aside) await this.#others(at, signal);
        await this.#arrival(at, signal, aside);
        continue;
      }
      const { bytesRead } = await this.#file.read(buffer, 0, end - at, at);
      at += bytesRead;
      if (!aside) this.#readAhead(at, at - from);
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Fetches all that is missing of `[from, to)`, several ranges at a time. */
  async fill(from: number, to: number, signal: AbortSignal): Promise<void> {
    const lane = async () => {
      for (let at = this.#unclaimed(from); at < to; at = this.#unclaimed(from)) {
        await abortable(this.#claim(at, RUN_BYTES).done, signal);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    for (let at = this.#have.runEnd(from); at < to; at = this.#have.runEnd(at))
      await this.#arrival(at, signal);
  }

  /** Ends what is being fetched; what has arrived stays. */
  rest(): void {
    this.#stop.abort(new Error("nobody reads this input any more"));
    this.#stop = new AbortController();
  }

  async close(): Promise<void> {
    this.rest();
    await Promise.allSettled([...this.#claims].map(({ done }) => done));
    await this.#file.close();
    await rm(this.path, { force: true });
  }

  /** Resolves when byte `at` is there; fetches it where nobody does. */
  async #arrival(at: number, signal: AbortSignal, aside = false): Promise<void> {
    if (this.#have.runEnd(at) > at) return;
    const window = this.#continues(at) && !aside ? RUN_BYTES : JUMP_BYTES;
    if (!this.#claimOn(at)) this.#claim(at, window, aside);
    await this.#passing(at, signal);
  }

  /** Resolves when byte `at` is there, when nobody fetches anything that is waited for, or after a while. */
  async #others(at: number, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#asideMs)]);
    const there = new AbortController();
    const passing = this.#passing(at, AbortSignal.any([limit, there.signal])).catch(() => undefined);
    try {
      while (this.#have.runEnd(at) <= at && !limit.aborted) {
        const urgent = [...this.#claims].filter((claim) => !claim.aside);
        if (urgent.length === 0) break;
        await Promise.race([passing, ...urgent.map(({ done }) => done.catch(() => undefined))]);
      }
    } finally {
      there.abort();
    }
    signal.throwIfAborted();
  }

  /** Resolves when somebody has fetched byte `at`. */
  async #passing(at: number, signal: AbortSignal): Promise<void> {
    let waiter: Waiter | undefined;
    const arrived = new Promise<void>((resolve, reject) => {
      waiter = { at, resolve, reject };
      this.#waiters.add(waiter);
    });
    await abortable(arrived, signal).finally(() => waiter && this.#waiters.delete(waiter));
  }

  /** The first byte from `from` on that is neither there nor under way. */
  #unclaimed(from: number): number {
    let at = from;
    for (;;) {
      at = this.#have.runEnd(at);
      const claim = this.#claimOn(at);
      if (!claim) return at;
      at = claim.to;
    }
  }

  #claimOn(at: number): Claim | undefined {
    return [...this.#claims].find((claim) => claim.at <= at && at < claim.to);
  }

  #continues(at: number): boolean {
    return at === 0 || this.#have.runEnd(at - 1) > at - 1;
  }

  #readAhead(at: number, consumed: number): void {
    if (consumed < JUMP_BYTES / 2) return;
    const next = this.#unclaimed(at);
    if (next >= Math.min(this.size, at + Math.min(AHEAD_BYTES, 2 * consumed))) return;
    // Ranges that are under way together share the line: the reader would wait for what it needs first.
    const ahead = [...this.#claims].filter((claim) => claim.to > at && claim.at < next);
    if (ahead.every((claim) => claim.to - claim.at < JUMP_BYTES)) this.#claim(next, RUN_BYTES);
  }

  #claim(at: number, window: number, aside = false): Claim {
    const later = [...this.#claims].map((claim) => claim.at).filter((start) => start > at);
    const edge = Math.min(this.#have.nextStart(at, this.size), ...later);
    const to = edge - at <= 2 * window ? edge : at + window;
    const claim: Claim = { at, to, aside, done: Promise.resolve() };
    this.#claims.add(claim);
    claim.done = this.#carry(claim, this.#stop.signal);
    // Whoever needs the bytes hears of the failure as a waiter; read-ahead alone needs nothing.
    claim.done.catch(() => undefined);
    return claim;
  }

  async #carry(claim: Claim, signal: AbortSignal): Promise<void> {
    try {
      await this.#fetch([claim.at, claim.to], (chunk, at) => this.#store(claim, chunk, at), signal);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const waiter of this.#waiters) {
        if (waiter.at >= claim.at && waiter.at < claim.to) waiter.reject(failure);
      }
      throw failure;
    } finally {
      this.#claims.delete(claim);
    }
  }

  async #store(claim: Claim, chunk: Buffer, at: number): Promise<void> {
    try {
      for (let done = 0; done < chunk.length;) {
        done += (await this.#file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
      }
    } catch (error) {
      throw asJobError(error);
    }
    this.#have.add(at, at + chunk.length);
    claim.at = at + chunk.length;
    for (const waiter of this.#waiters) {
      if (waiter.at >= at && waiter.at < claim.at) waiter.resolve();
    }
  }
}
