/**
 * With MEDIA_ORIGIN set, that host serves user bytes and nothing else: pages, uploads and the API answer on the
 * app's host only, so that no script in a user's file ever shares an origin with them. Mounted by index.ts
 * behind the doors for bytes.
 */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app.ts";
import { Problem } from "./problems.ts";

export const appHostOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { mediaOrigin, publicUrl } = c.get("config");
  const url = new URL(c.req.url);
  if (mediaOrigin === null || url.origin !== mediaOrigin) return next();
  if (publicUrl !== null && (c.req.method === "GET" || c.req.method === "HEAD")) {
    return c.redirect(`${publicUrl}${url.pathname}${url.search}`, 302);
  }
  throw new Problem("not_found", "This host serves files only.", {
    hint: publicUrl === null ? "Use the host that gave out the link." : `Everything else is at ${publicUrl}`,
  });
};
