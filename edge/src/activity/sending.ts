/**
 * Sends what waits to the webhook's receiver, and gives up a receiver that has taken nothing for a day. Called by
 * the minute's sweep; `sendTest` by the operator's door. Each event has its own pauses, so one that is refused
 * keeps no other back.
 */
import type { Config, WebhookConfig } from "../config.ts";
import type { Database } from "../db/client.ts";
import { logLine } from "../http/log.ts";
import { deliver, type Outcome } from "./delivery.ts";
import { bodyOf } from "./events.ts";
import { GIVEN_UP_MS, pauseAfter } from "./retries.ts";
import {
  beginTry,
  disableEndpoint,
  dropWaiting,
  dueEvents,
  endpointTook,
  findEndpoint,
  noteFailed,
  noteTaken,
  type EventRow,
} from "./webhook-store.ts";

/** Events of one pass; the rest a minute later. */
const MOST_PER_PASS = 50;
/** In a row: it is the receiver that fails, and the pass need not wait five seconds for each of the rest. */
const MOST_FAILURES = 3;

export async function sendWaiting(config: Config, db: Database, now: number): Promise<void> {
  const { webhook } = config;
  if (webhook === null) return;
  const key = await endpointKey(webhook);
  const disabledAt = (await findEndpoint(db, key))?.disabledAt ?? null;
  if (disabledAt !== null) return dropWaiting(db, "the receiver is disabled", now);
  let failures = 0;
  for (const event of await dueEvents(db, now, MOST_PER_PASS)) {
    if (!(await beginTry(db, event, now))) continue;
    const outcome = await deliver(event, webhook, Date.now());
    if (outcome.taken) {
      await noteTaken(db, event.id, key, now);
      failures = 0;
      continue;
    }
    logLine(config.logLevel, "warn", "webhook not taken", { event: event.id, error: outcome.error });
    if (!(await goesOn(config, db, key, event, outcome, now))) return;
    failures += 1;
    if (failures === MOST_FAILURES) return;
  }
}

/** False where the receiver is disabled by that. */
async function goesOn(
  { logLevel }: Config,
  db: Database,
  key: string,
  event: EventRow,
  { gone, error }: Extract<Outcome, { taken: false }>,
  now: number,
): Promise<boolean> {
  const last = pauseAfter(event.attempts + 1) === null;
  const endpoint = await noteFailed(db, event.id, last ? "dropped" : "waiting", key, error, now);
  if (!gone && now - (endpoint?.failingSince ?? now) < GIVEN_UP_MS) return true;
  await disableEndpoint(db, key, error, now);
  await dropWaiting(db, "the receiver was disabled", now);
  logLine(logLevel, "error", "webhook disabled: mend its receiver, then POST /api/webhook/test", { error });
  return false;
}

/** One event now, outside of the queue; a receiver that takes it is in use again. */
export async function sendTest(webhook: WebhookConfig, db: Database, now: number): Promise<Outcome> {
  const data = { message: "If you can read this and its signature is right, events arrive." };
  const parcel = { id: `test-${crypto.randomUUID()}`, body: bodyOf({ type: "webhook.test", data }, now) };
  const outcome = await deliver(parcel, webhook, now);
  if (outcome.taken) await endpointTook(db, await endpointKey(webhook), now);
  return outcome;
}

/** Which receiver a row is about; the address itself may hold a secret. */
export async function endpointKey({ url }: WebhookConfig): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(url));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
