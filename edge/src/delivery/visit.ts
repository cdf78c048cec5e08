/** What the rest of this room knows of a request, without knowing the router. Made in the routes. */
import type { Config } from "../config.ts";
import type { Database } from "../db/client.ts";

export interface Visit {
  request: Request;
  env: Env;
  config: Config;
  db: Database;
  /** Of links we give out. */
  origin: string;
  /** Keeps the Worker alive for what goes on after the answer. */
  waitUntil(promise: Promise<unknown>): void;
}

/** Where user bytes are served; also the first part of their names in the cache. */
export function bytesOrigin({ config, origin }: Pick<Visit, "config" | "origin">): string {
  return config.mediaOrigin ?? origin;
}
