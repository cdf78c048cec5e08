/** Small helpers around AbortSignal that everybody who waits for something uses. */
import { setTimeout as sleep } from "node:timers/promises";

/** The signal's reason as an Error, whatever it was aborted with. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}

/** Waits, or rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw reasonOf(signal);
  });
}

/** The promise, or the signal's reason if that comes first. What the promise stands for goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(reasonOf(signal));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", giveUp));
}

/** Resolves when the promise is settled, after so many milliseconds, or when `hurry` is aborted. */
export async function withLimit(promise: Promise<unknown>, ms: number, hurry?: AbortSignal): Promise<void> {
  const limit = new AbortController();
  const signal = hurry ? AbortSignal.any([limit.signal, hurry]) : limit.signal;
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, pause(ms, signal).catch(() => undefined)]);
  limit.abort();
}
