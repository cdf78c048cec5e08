/**
 * State changes need intent: what a browser sends from a foreign page is refused. Requests without Origin and
 * Sec-Fetch-Site (curl, ShareX, agents) carry no ambient login and pass.
 */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app.ts";
import { Problem } from "./problems.ts";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);
/** `none`: the person did it, by the address bar or a bookmark. */
const OWN_SITES = new Set(["same-origin", "none"]);

export const requireIntent: MiddlewareHandler<AppEnv> = async (c, next) => {
  const own = [new URL(c.req.url).origin, c.get("origin")];
  if (!READS.has(c.req.method) && !isIntended(c.req.header("sec-fetch-site"), c.req.header("origin"), own)) {
    throw new Problem("forbidden", "This request came from another site.", {
      hint: "Use this host's own pages, or a program such as curl that sends no Origin header.",
    });
  }
  await next();
};

export function isIntended(site: string | undefined, origin: string | undefined, own: string[]): boolean {
  if (site !== undefined && !OWN_SITES.has(site)) return false;
  return origin === undefined || own.includes(origin);
}
