/**
 * Replaces, once in a simulation's thread, everything by which code learns time or chance or waits: clocks,
 * timers, WebCrypto, and the few classes that only workerd has. All of it asks the world that is bound at the moment.
 * Never loaded outside such a thread.
 */
import { createHash, createHmac, webcrypto } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";
import { chance, type Chance } from "./random.ts";
import { SocketPair, SwitchedResponse } from "./wire.ts";
import type { Event, World } from "./world.ts";

interface Bound {
  world: World;
  /** Of keys, nonces and jitter. */
  bytes: Chance;
  random: Chance;
  digest: Chance;
}
let bound: Bound | null = null;

export function bindWorld(world: World, seed: number): void {
  const stream = (purpose: string) => chance(seed, purpose);
  bound = { world, bytes: stream("bytes"), random: stream("random"), digest: stream("digest") };
}

function here(): Bound {
  if (bound === null) throw new Error("no world is bound");
  return bound;
}

const RealDate = Date;
/** The clock of whoever acts. */
function clock(): number {
  const { world } = here();
  return Math.floor(world.now + world.current.clockOffset);
}

class VirtualDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(clock());
    else super(given[0]);
  }
  static override now(): number {
    return clock();
  }
}

/** What `setTimeout` answers; also taken for a `NodeJS.Timeout`. */
class Timer {
  event: Event | null = null;
  unref(): this {
    return this;
  }
  ref(): this {
    return this;
  }
}

function startTimer(act: () => void, ms: number, again: boolean): Timer {
  const timer = new Timer();
  const owner = here().world.current;
  const start = () => {
    timer.event = here().world.after(ms, owner, "timer", () => {
      timer.event = null;
      if (again) start();
      act();
    });
  };
  start();
  return timer;
}

function stopTimer(timer: unknown): void {
  if (timer instanceof Timer && timer.event) timer.event.cancelled = true;
}

function sleep(ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      stopTimer(timer);
      reject(new Error("The operation was aborted"));
    };
    const timer = startTimer(
      () => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      },
      ms,
      false,
    );
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Hashing is waited for in the Worker, so other things happen meanwhile. */
function digest(_algorithm: string, data: Uint8Array): Promise<ArrayBuffer> {
  const { world, digest: latency } = here();
  const hash = Uint8Array.from(createHash("sha256").update(data).digest());
  return world.request("digest", latency, 2, () => hash.buffer);
}

function sign(_algorithm: string, key: unknown, data: Uint8Array): Promise<ArrayBuffer> {
  const mac = createHmac("sha256", String(key)).update(data).digest();
  return Promise.resolve(Uint8Array.from(mac).buffer);
}

const subtle = {
  digest,
  sign,
  importKey: (_format: string, key: Uint8Array) => Promise.resolve(Buffer.from(key).toString("hex")),
  verify: async (algorithm: string, key: unknown, mac: Uint8Array, data: Uint8Array) =>
    Buffer.from(await sign(algorithm, key, data)).equals(mac),
};

function getRandomValues(array: Uint8Array): Uint8Array {
  const { bytes } = here();
  for (let at = 0; at < array.length; at++) array[at] = bytes.whole(0, 255);
  return array;
}

export function installGlobals(): void {
  const put = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  put("Date", VirtualDate);
  put("setTimeout", (act: () => void, ms = 0) => startTimer(act, ms, false));
  put("setInterval", (act: () => void, ms = 0) => startTimer(act, ms, true));
  put("clearTimeout", stopTimer);
  put("clearInterval", stopTimer);
  put("crypto", { ...webcrypto, subtle, getRandomValues });
  put("WebSocketPair", SocketPair);
  put("WebSocketRequestResponsePair", Object);
  put("Response", SwitchedResponse);
  Math.random = () => here().random.next();
  Object.defineProperty(performance, "now", { value: () => here().world.now });
  Object.assign(timersPromises, { setTimeout: sleep });
  syncBuiltinESMExports();
}
