/**
 * The operator's token and the session that stands for it in a browser. A session is a signed time and nothing
 * else: the token is in no cookie, and another token ends all sessions. Used by `visitor.ts` and the door of
 * sessions; counts no guesses (`guesses.ts` does).
 */
import { equalHashes, hashSecret, hex, newSecret } from "../catalog/ids.ts";
import { HOUR } from "../config.ts";

export const SESSION_MS = 12 * HOUR;

/** Browsers take the `__Host-` name from this host alone, over https, for all its paths. */
const COOKIE = { https: "__Host-capcloud_operator", http: "capcloud_operator" } as const;
const SESSION = /^(\d{13})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

/** Takes as long for a token that is nearly right as for any other. */
export async function isToken(given: string, token: string): Promise<boolean> {
  const [one, other] = await Promise.all([hashSecret(given), hashSecret(token)]);
  return equalHashes(one, other);
}

/** A session's text, good until `now` + `SESSION_MS`. */
export async function newSession(token: string, now: number): Promise<string> {
  const body = `${now + SESSION_MS}.${newSecret()}`;
  return `${body}.${await sign(token, body)}`;
}

export async function isSession(text: string, token: string, now: number): Promise<boolean> {
  const [, ends = "", nonce = "", mac = ""] = SESSION.exec(text) ?? [];
  if (mac === "") return false;
  const good = equalHashes(await sign(token, `${ends}.${nonce}`), mac);
  return good && Number(ends) > now;
}

/** The session that a request's cookies hold, unproven. */
export function sessionOf(request: Request): string | null {
  const name = COOKIE[schemeOf(request.url)];
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}

/** A Set-Cookie header; null takes the session back. */
export function sessionCookie(url: string, session: string | null): string {
  const scheme = schemeOf(url);
  const age = session === null ? 0 : SESSION_MS / 1_000;
  const secure = scheme === "https" ? "; Secure" : "";
  return `${COOKIE[scheme]}=${session ?? ""}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`;
}

function schemeOf(url: string): keyof typeof COOKIE {
  return new URL(url).protocol === "https:" ? "https" : "http";
}

async function sign(token: string, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(token), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(`operator session ${body}`));
  return hex(new Uint8Array(mac));
}
