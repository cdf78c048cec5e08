/** Waits for a condition with a limit, so that no test sleeps for luck. */
import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MS = 20_000;

export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  limitMs = LIMIT_MS,
): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await sleep(5);
  }
}
