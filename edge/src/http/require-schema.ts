/**
 * Every address of a Worker whose database has no tables answers 503 with the command that makes them, also
 * those that would not have asked the database. Asked once per isolate, until it holds. Mounted by index.ts.
 */
import type { MiddlewareHandler } from "hono";
import { hasSchema } from "../db/client.ts";
import type { AppEnv } from "./app.ts";
import { missingSchema } from "./schema-guard.ts";

let known = false;

export const requireSchema: MiddlewareHandler<AppEnv> = async (c, next) => {
  known ||= await hasSchema(c.env.DB);
  if (!known) throw missingSchema(c.req.url);
  await next();
};
