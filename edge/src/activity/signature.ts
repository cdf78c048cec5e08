/**
 * The signature of an event, in the form of Standard Webhooks (github.com/standard-webhooks/standard-webhooks):
 * HMAC-SHA-256 over `id.timestamp.body`. A receiver checks it, refuses what is older than five minutes, and knows
 * by the id what it has had already. Called by `delivery.ts`.
 */
const PREFIX = "whsec_";
/** Milliseconds. */
const SECOND = 1_000;

/** `secrets` as configured, `whsec_` and base64; each gives one signature, so that they can be changed one by one. */
export async function signedHeaders(
  secrets: readonly string[],
  id: string,
  body: string,
  now: number,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / SECOND));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = await Promise.all(secrets.map((secret) => sign(secret, content)));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.map((signature) => `v1,${signature}`).join(" "),
  };
}

async function sign(secret: string, content: string): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.slice(PREFIX.length)), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(content));
  return btoa(String.fromCharCode(...new Uint8Array(mac)));
}
