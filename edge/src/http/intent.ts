/**
 * State changes need intent: what a browser sends from a foreign page is refused. Requests without Origin and
 * Sec-Fetch-Site (curl, ShareX, agents) pass, unless a cookie says who they are from: a browser sends it
 * unasked, so the request has to say where it comes from.
 */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app.ts";
import { Problem } from "./problems.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The visitor is known by a cookie. */
    ambient: boolean;
  }
}

const READS = new Set(["GET", "HEAD", "OPTIONS"]);
/** `none`: the person did it, by the address bar or a bookmark. */
const OWN_SITES = new Set(["same-origin", "none"]);

export const requireIntent: MiddlewareHandler<AppEnv> = async (c, next) => {
  const own = [new URL(c.req.url).origin, c.get("origin")];
  const [site, origin] = [c.req.header("sec-fetch-site"), c.req.header("origin")];
  if (!READS.has(c.req.method) && !isIntended(site, origin, own, c.get("ambient"))) {
    throw new Problem("forbidden", "This request came from another site.", {
      hint: "Use this host's own pages, or a program such as curl that sends neither Origin header nor cookie.",
    });
  }
  await next();
};

export function isIntended(
  site: string | undefined,
  origin: string | undefined,
  own: string[],
  ambient = false,
): boolean {
  if (ambient && site === undefined && origin === undefined) return false;
  if (site !== undefined && !OWN_SITES.has(site)) return false;
  return origin === undefined || own.includes(origin);
}
