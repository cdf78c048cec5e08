/**
 * The operator's look at the webhook: how its receiver fares and what was sent, and a test event that also brings a
 * disabled receiver back. The address is told without path and query, which may hold a secret of the receiver's.
 */
import { endpointKey, sendTest } from "../../activity/sending.ts";
import { countWaiting, findEndpoint, latestEvents, type EventRow } from "../../activity/webhook-store.ts";
import type { Config, WebhookConfig } from "../../config.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { requireOperator } from "../../identity/visitor.ts";

const SHOWN = 50;
const FRESH = { "Cache-Control": "no-store" };

export const webhookRoutes = createApp();

webhookRoutes.get("/api/webhook", rateLimit("READ_LIMIT"), async (c) => {
  requireOperator(c.var.visitor);
  const { config, db } = c.var;
  if (config.webhook === null)
    return c.json({ success: true, receiver: null, waiting: 0, events: [] }, 200, FRESH);
  const [endpoint, waiting, events] = await Promise.all([
    endpointKey(config.webhook).then((key) => findEndpoint(db, key)),
    countWaiting(db),
    latestEvents(db, SHOWN),
  ]);
  const receiver = {
    origin: new URL(config.webhook.url).origin,
    delivered_at: iso(endpoint?.deliveredAt),
    failing_since: iso(endpoint?.failingSince),
    disabled_at: iso(endpoint?.disabledAt),
    error: endpoint?.error ?? null,
  };
  return c.json({ success: true, receiver, waiting, events: events.map(eventView) }, 200, FRESH);
});

webhookRoutes.post("/api/webhook/test", rateLimit("UPLOAD_LIMIT"), async (c) => {
  requireOperator(c.var.visitor);
  const outcome = await sendTest(receiverOf(c.var.config), c.var.db, Date.now());
  if (outcome.taken) return c.json({ success: true, delivered: true }, 200, FRESH);
  throw new Problem("unavailable", `The receiver did not take it: ${outcome.error}.`, {
    hint: "It has to answer 2xx within 5 seconds at the address in WEBHOOK_URL. docs/operations.md has an example.",
    retryAfter: 1,
  });
});

function receiverOf({ webhook }: Config): WebhookConfig {
  if (webhook !== null) return webhook;
  throw new Problem("conflict", "There is no receiver: WEBHOOK_URL is empty.", {
    hint: "Set WEBHOOK_URL in wrangler.toml and WEBHOOK_SECRET as a secret, and deploy again.",
  });
}

function eventView({ id, type, state, attempts, error, createdAt, nextAt, settledAt }: EventRow) {
  const next = state === "waiting" ? iso(nextAt) : null;
  return {
    id,
    type,
    state,
    attempts,
    error,
    created_at: iso(createdAt),
    next_at: next,
    settled_at: iso(settledAt),
  };
}

function iso(time: number | null | undefined): string | null {
  return time === null || time === undefined ? null : new Date(time).toISOString();
}
