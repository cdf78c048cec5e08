/**
 * Who is asking: nobody in particular, or the operator, by token or by session. A signed-in user and an API key
 * become members of the same union, and code that switches over `kind` will not compile until it knows them.
 */
import type { Config } from "../config.ts";
import type { Database } from "../db/client.ts";
import { Problem } from "../http/problems.ts";
import { addressKey } from "../http/rate-limit.ts";
import { barredUntil, countGuess } from "./guesses.ts";
import { isSession, isToken, sessionOf } from "./operator.ts";

declare module "hono" {
  interface ContextVariableMap {
    visitor: Visitor;
  }
}

export type Visitor =
  | { kind: "anonymous"; owner: "anonymous"; refusal: Refusal }
  | { kind: "operator"; owner: "anonymous"; by: "token" | "session" };

/** Why a visitor is not the operator. `unset`: there is no token, hence no operator. */
export type Refusal = { reason: "unset" | "absent" | "wrong" } | { reason: "barred"; until: number };

const BEARER = /^Bearer\s+(\S+)$/i;
/** Keys of agents and tokens of enrolments have doors of their own. */
const OTHERS = /^cc[a-z]_/;

export async function resolveVisitor(
  request: Request,
  config: Config,
  db: Database,
  now: number,
): Promise<Visitor> {
  const token = config.operatorToken;
  if (token === null) return anonymous({ reason: "unset" });
  const session = sessionOf(request);
  if (session !== null && (await isSession(session, token, now))) return operator("session");
  const given = bearerOf(request);
  if (given === null || OTHERS.test(given)) return anonymous({ reason: "absent" });
  const refusal = await judgeToken(given, token, db, addressOf(request), now);
  return refusal === null ? operator("token") : anonymous(refusal);
}

/** Null: it is the operator's. A wrong one is counted, and the right one is not taken after too many of them. */
export async function judgeToken(
  given: string,
  token: string,
  db: Database,
  address: string,
  now: number,
): Promise<Refusal | null> {
  const right = await isToken(given, token);
  if (!right && (await countGuess(db, address, now))) return { reason: "wrong" };
  const until = await barredUntil(db, address, now);
  if (until !== null) return { reason: "barred", until };
  return right ? null : { reason: "wrong" };
}

export function bearerOf(request: Request): string | null {
  return BEARER.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}

export function addressOf(request: Request): string {
  return addressKey(request.headers.get("cf-connecting-ip") ?? "");
}

/** What rows of this visitor's own have in their `owner` column. */
export function ownerScope(visitor: Visitor): string {
  return visitor.owner;
}

/** Throws where this visitor may not upload. */
export function requireUploader(visitor: Visitor, config: Config): void {
  if (visitor.kind === "anonymous" && !config.anonymousUploads) {
    throw new Problem("unauthorized", "This host takes no uploads from strangers.", {
      hint: 'Its owner can allow them by ANONYMOUS_UPLOADS = "true" in wrangler.toml.',
    });
  }
}

/** Throws for everybody else. */
export function requireOperator(visitor: Visitor, now: number = Date.now()): void {
  if (visitor.kind !== "operator") throw refused(visitor.refusal, now);
}

/** The same words for every door of the operator's. */
export function refused(refusal: Refusal, now: number): Problem {
  switch (refusal.reason) {
    case "unset":
      return new Problem("forbidden", "This host has no operator: OPERATOR_TOKEN is not set.", {
        hint: "Set it: wrangler secret put OPERATOR_TOKEN (24 characters or more). npm start makes one by itself.",
      });
    case "absent":
      return new Problem("unauthorized", "This is for the operator of this host.", {
        hint: "Send Authorization: Bearer <OPERATOR_TOKEN>, or sign in at /agents.",
        headers: { "WWW-Authenticate": "Bearer" },
      });
    case "wrong":
      return new Problem("unauthorized", "This is not the operator's token.", {
        hint: "It is what OPERATOR_TOKEN was set to; npm start keeps it in operator-token of its data folder.",
        headers: { "WWW-Authenticate": "Bearer" },
      });
    case "barred":
      return new Problem("rate_limited", "Too many wrong tokens came from your address.", {
        hint: "Wait, then try again; a session that is open goes on.",
        retryAfter: Math.max(1, Math.ceil((refusal.until - now) / 1_000)),
      });
  }
}

function anonymous(refusal: Refusal): Visitor {
  return { kind: "anonymous", owner: "anonymous", refusal };
}

function operator(by: "token" | "session"): Visitor {
  return { kind: "operator", owner: "anonymous", by };
}
