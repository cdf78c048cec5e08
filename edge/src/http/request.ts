/**
 * The first middleware of every request: names it, reads the configuration, opens the catalogue, sends the
 * X-Request-Id and writes the one log line. index.ts mounts it before all rooms.
 */
import type { MiddlewareHandler } from "hono";
import { loadConfig } from "../config.ts";
import { openDatabase } from "../db/client.ts";
import type { AppEnv } from "./app.ts";
import { logLine, type LogFields } from "./log.ts";
import { Problem } from "./problems.ts";
import { dropUnread } from "./unread.ts";
import { refuseHiddenSeparators } from "./paths.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** Written into the request's log line; rooms add `file`, `visitor`, `job`. Never a key or a query. */
    logFields: LogFields;
  }
}

const SWITCHING_PROTOCOLS = 101;

export const requestContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const started = Date.now();
  const url = new URL(c.req.url);
  const requestId = c.req.header("cf-ray") ?? crypto.randomUUID();
  c.set("requestId", requestId);
  c.set("logFields", {});
  const config = loadConfig(c.env);
  c.set("config", config);
  c.set("origin", config.publicUrl ?? url.origin);
  c.set("db", openDatabase(c.env.DB));
  await next();
  if (c.res.status >= 400) await dropUnread(c.req.raw);
  // A copy of a WebSocket's answer would lose the socket.
  if (c.res.status !== SWITCHING_PROTOCOLS) c.header("X-Request-Id", requestId);
  const amiss = c.res.status >= 500 && !(c.error instanceof Problem && c.error.expected);
  logLine(config.logLevel, amiss ? "error" : "info", "request", {
    request: requestId,
    method: c.req.method,
    path: url.pathname,
    status: c.res.status,
    ms: Date.now() - started,
    ...c.get("logFields"),
  });
};

/** Mounted right after `requestContext`, so that its refusals are logged like everything else. */
export const guardPath: MiddlewareHandler<AppEnv> = async (c, next) => {
  refuseHiddenSeparators(new URL(c.req.url).pathname);
  await next();
};
