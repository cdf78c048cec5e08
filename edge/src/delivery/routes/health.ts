/** `/healthz`: 200 while uploads and playback can work, else 503, with the state of each part. */
import { createApp } from "../../http/app.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { NEVER } from "../freshness.ts";
import { lookAround } from "../health.ts";
import { visitOf } from "./user-bytes.ts";

const RETRY_AFTER_S = 10;

export const healthRoutes = createApp();

healthRoutes.get("/healthz", rateLimit("READ_LIMIT"), async (c) => {
  const health = await lookAround(visitOf(c), Date.now());
  const headers = { "Cache-Control": NEVER };
  if (health.success) return c.json(health, 200, headers);
  return c.json(health, 503, { ...headers, "Retry-After": String(RETRY_AFTER_S) });
});
