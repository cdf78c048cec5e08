/**
 * Rate limits by the platform's binding, per address (/64 for v6) and kind of request. The binding counts per
 * Cloudflare location and roughly; counts that must be exact live in D1 or a Durable Object.
 */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app.ts";
import { Problem } from "./problems.ts";

/** Seconds; the period of both bindings in wrangler.toml. */
const PERIOD_S = 60;

const LIMITS = {
  UPLOAD_LIMIT: "Too many uploads from your address in one minute.",
  READ_LIMIT: "Too many requests from your address in one minute.",
} as const;

/** A limiter that fails lets everybody through: reads must not hang on it. */
export function rateLimit(name: keyof typeof LIMITS): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await demandRate(name, c.env, c.req.raw);
    await next();
  };
}

/** The same for doors of which only a part costs so much that it is counted. Throws `rate_limited`. */
export async function demandRate(
  name: keyof typeof LIMITS,
  env: Pick<Env, keyof typeof LIMITS>,
  { headers }: Request,
): Promise<void> {
  const key = addressKey(headers.get("cf-connecting-ip") ?? "");
  const outcome = await env[name].limit({ key }).catch(() => ({ success: true }));
  if (outcome.success) return;
  throw new Problem("rate_limited", LIMITS[name], {
    hint: `Try again in ${PERIOD_S} seconds.`,
    retryAfter: PERIOD_S,
  });
}

/** A v4 address as it is, a v6 address by its /64: one household has that many of the latter. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address === "" ? "unknown" : address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: gap }, () => "0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
