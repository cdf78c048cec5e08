/** What all addresses with user bytes share: where they are served, and headers that hold for every status. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "../../http/app.ts";
import { userBytesHeaders } from "../../http/headers.ts";
import type { Visit } from "../visit.ts";

/** Ten base62 characters, as a parameter of a route. */
export const SLUG = ":slug{[0-9A-Za-z]{10}}";

/** Bytes are public by their address; a foreign page may read them, but without anybody's cookies. */
const SHARED_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After",
};

/** With MEDIA_ORIGIN set, bytes are served there alone and the app's host redirects. */
export const userBytes: MiddlewareHandler<AppEnv> = async (c, next) => {
  const url = new URL(c.req.url);
  const { mediaOrigin } = c.get("config");
  if (mediaOrigin !== null && url.origin !== mediaOrigin) {
    c.res = c.redirect(`${mediaOrigin}${url.pathname}${url.search}`, 302);
  } else await next();
  const { headers } = c.res;
  // Answers with bytes have the headers of their type already, pages that tell a problem their own.
  const defaults = { ...userBytesHeaders(headers.get("Content-Type") ?? ""), ...SHARED_HEADERS };
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
};

export function visitOf(c: Context<AppEnv>): Visit {
  return {
    request: c.req.raw,
    env: c.env,
    config: c.get("config"),
    db: c.get("db"),
    origin: c.get("origin"),
    waitUntil: (promise) => c.executionCtx.waitUntil(promise),
  };
}
