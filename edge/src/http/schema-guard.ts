/** A catalogue without its tables is told as what it is, with the command that mends it. Pure. */
import { Problem } from "./problems.ts";

const MISSING = /D1_ERROR: (?:no such table|no such column|table .+ has no column)/i;
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const RETRY_AFTER_S = 30;

/** The problem, if `error` comes from a database without the schema; else null. */
export function schemaProblem(error: unknown, url: string): Problem | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (MISSING.test(cause.message)) return missingSchema(url);
  }
  return null;
}

export function missingSchema(url: string): Problem {
  const where = LOCAL_HOSTS.has(new URL(url).hostname) ? "--local" : "--remote";
  return new Problem("unavailable", "The database does not have its tables yet.", {
    hint: `Run: npx wrangler d1 migrations apply DB ${where}`,
    retryAfter: RETRY_AFTER_S,
  });
}
