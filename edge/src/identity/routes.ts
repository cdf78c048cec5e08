/** Tells every room who is asking. index.ts mounts it once, after the request's own context. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../http/app.ts";
import { resolveVisitor } from "./visitor.ts";

export const visitorContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const visitor = resolveVisitor(c.req.raw, c.get("config"));
  c.set("visitor", visitor);
  c.set("logFields", { ...c.get("logFields"), visitor: visitor.kind });
  await next();
};
