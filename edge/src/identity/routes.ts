/** Tells every room who is asking. index.ts mounts it once, after the request's own context. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../http/app.ts";
import { resolveVisitor } from "./visitor.ts";

export const visitorContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const visitor = await resolveVisitor(c.req.raw, c.get("config"), c.get("db"), Date.now());
  c.set("visitor", visitor);
  c.set("ambient", visitor.kind === "operator" && visitor.by === "session");
  c.set("logFields", { ...c.get("logFields"), visitor: visitor.kind });
  await next();
};
