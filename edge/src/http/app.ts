/** The Hono app type that every `routes.ts` shares, and its factory. Rooms above add their own variables. */
import { Hono } from "hono";
import type { Config } from "../config.ts";
import type { Database } from "../db/client.ts";

declare module "hono" {
  interface ContextVariableMap {
    config: Config;
    db: Database;
    /** Sent back as X-Request-Id and named in every error. */
    requestId: string;
    /** Origin of the links we give out: PUBLIC_URL, else that of the request. */
    origin: string;
  }
}

export interface AppEnv {
  Bindings: Env;
}

export function createApp(): Hono<AppEnv> {
  return new Hono<AppEnv>();
}
