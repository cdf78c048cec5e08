/**
 * When a storm is really over: what is made of a file after it is ready, and uploads that were stored although nobody
 * heard so, are work as well. Called by the checker before it sends the agents home.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "./history.ts";
import type { Operator } from "./operator.ts";

/** The cron tells the coordinator of such an upload: each minute, of what is half a minute old. */
const UNHEARD_MS = 95_000;
const LOOK_MS = 500;

/** Answers what is still open when the time is over, in sentences. */
export async function untilQuiet(operator: Operator, history: History, limitMs: number): Promise<string[]> {
  const deadline = performance.now() + limitMs;
  const unheard = history.entries.findLast(({ event }) => event === "upload not acknowledged");
  if (unheard !== undefined) await sleep(Math.max(0, unheard.at + UNHEARD_MS - history.now));
  for (;;) {
    const open = await stillOpen(operator);
    if (open.length === 0 || performance.now() > deadline) return open;
    await sleep(LOOK_MS);
  }
}

async function stillOpen(operator: Operator): Promise<string[]> {
  try {
    const open = await operator.open();
    return open.map(({ id, kind, file }) => `job ${id} (${kind} of ${file}) is still open`);
  } catch (error) {
    return [`the edge does not tell its jobs: ${String(error)}`];
  }
}
