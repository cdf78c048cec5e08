/**
 * One try to hand one event to the receiver: signed, five seconds at most, its reply thrown away. Redirects are
 * followed by hand and looked at like the address itself. Called by `sending.ts`; writes no row.
 */
import { KIB, SECOND, type WebhookConfig } from "../config.ts";
import { refuseOutgoing } from "../http/outgoing.ts";
import { refuseName } from "../http/resolve.ts";
import { signedHeaders } from "./signature.ts";

/** For everything: look-up, redirects, reply. */
const PATIENCE_MS = 5 * SECOND;
/** Of the reply, so that a short one leaves the connection fit for the next event. */
const REPLY_BYTES = 64 * KIB;
const MOST_REDIRECTS = 3;
/** Those that keep method and body. */
const REDIRECTS = new Set([307, 308]);
const GONE = 410;

/** `gone`: the receiver wants nothing any more. */
export type Outcome = { taken: true } | { taken: false; gone: boolean; error: string };
export type Ask = (url: string, init: RequestInit) => Promise<Response>;

export interface Parcel {
  id: string;
  body: string;
}

/** Never throws. `ask` is the platform's fetch everywhere but in tests. */
export async function deliver(
  parcel: Parcel,
  webhook: WebhookConfig,
  now: number,
  ask: Ask = (url, init) => fetch(url, init),
): Promise<Outcome> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const headers = await signedHeaders(webhook.secrets, parcel.id, parcel.body, now);
    const init = {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", "User-Agent": "CapCloud-Edge" },
      body: parcel.body,
      redirect: "manual" as const,
      signal,
    };
    const response = await follow(webhook, init, ask, signal);
    return typeof response === "string" ? failed(response) : outcomeOf(response);
  } catch (error) {
    return failed(describe(error));
  }
}

/** The last answer, or why there is none. */
async function follow(
  webhook: WebhookConfig,
  init: RequestInit,
  ask: Ask,
  signal: AbortSignal,
): Promise<Response | string> {
  let address = webhook.url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const refusal = await refuse(address, webhook, signal);
    if (refusal !== null) return hop === 0 ? `the address ${refusal}` : `redirected to where it ${refusal}`;
    const response = await ask(address, init);
    await discard(response);
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null) return response;
    if (!URL.canParse(location, address)) return "redirected to what is no address";
    address = new URL(location, address).href;
  }
  return `redirected more than ${MOST_REDIRECTS} times`;
}

async function refuse(address: string, webhook: WebhookConfig, signal: AbortSignal): Promise<string | null> {
  const refusal = refuseOutgoing(address, webhook);
  if (refusal !== null || webhook.allowPrivate || webhook.resolver === null) return refusal;
  return refuseName(new URL(address), webhook.resolver, signal);
}

function outcomeOf({ ok, status }: Response): Outcome {
  if (ok) return { taken: true };
  const gone = status === GONE;
  return { taken: false, gone, error: gone ? "answered 410: it wants no more" : `answered ${status}` };
}

async function discard(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  for (let read = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    read += value.length;
    if (read > REPLY_BYTES) return reader.cancel();
  }
}

function failed(error: string): Outcome {
  return { taken: false, gone: false, error };
}

/** A query in the address may hold a secret of the receiver's. */
function describe(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `no answer within ${PATIENCE_MS / SECOND} s`;
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/https?:\/\/\S+/g, "…").slice(0, 200);
}
