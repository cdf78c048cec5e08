/** What the doors of this room share: who may come in, and what the functions behind them work with. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "../../http/app.ts";
import { requireOperator } from "../../identity/visitor.ts";
import type { Desk } from "../desk.ts";

/** Nothing of this is kept by anybody. */
export const FRESH = { "Cache-Control": "no-store" };

export const operatorOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  requireOperator(c.get("visitor"));
  await next();
};

export function deskOf(c: Context<AppEnv>): Desk {
  return { env: c.env, db: c.get("db"), origin: c.get("origin") };
}
