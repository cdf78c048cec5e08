/**
 * How a machine gets its key: it asks the edge for a code, somebody who runs that edge confirms the code, and the key
 * is fetched with a token that only this machine has. Used by `cli/enroll.ts`; writes nothing.
 */
import { z } from "zod";
import { pause } from "./abort.ts";

const Asked = z.object({
  code: z.string().regex(/^[\w-]{4,20}$/),
  poll_token: z.string().min(16),
  url: z.url({ protocol: /^https?$/ }),
  expires_at: z.string(),
  interval_s: z.number().positive().max(60),
});
export type Asked = z.infer<typeof Asked>;

const Confirmed = z.object({
  id: z.string(),
  key: z.string().regex(/^[\x21-\x7e]{8,512}$/),
});
export type Confirmed = z.infer<typeof Confirmed>;

const Said = z.object({
  description: z.string(),
  error: z.object({ hint: z.string().optional() }).optional(),
});

type Kind = "declined" | "expired" | "refused" | "unreachable";

/** No key came of it; the sentence says why and what to do. */
export class EnrolmentError extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}

/** Milliseconds for one request. */
const REQUEST_MS = 15_000;
/** A little longer than any code lives, by our own clock: the edge's is never compared with it. */
const WAIT_MS = 15 * 60_000;

export async function askToEnrol(
  edge: URL,
  machine: { label: string; platform: string },
  signal: AbortSignal,
): Promise<Asked> {
  const response = await send(new URL("api/enrolments", withSlash(edge)), signal, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(machine),
  }).catch((error: unknown) => {
    throw new EnrolmentError("unreachable", `${edge.origin} cannot be reached: ${reasonIn(error)}.`);
  });
  const body = await jsonOf(response);
  const asked = Asked.safeParse(body);
  if (response.status === 201 && asked.success) return asked.data;
  const host = edge.host;
  if (response.status === 429) {
    throw new EnrolmentError("refused", `${host} has been asked too often: wait some minutes.${said(body)}`);
  }
  throw new EnrolmentError(
    "refused",
    response.ok || response.status === 404
      ? `${host} takes no enrolments: check that --edge is the address of a CapCloud Edge.${said(body)}`
      : `${host} takes no enrolment now (${response.status}).${said(body)}`,
  );
}

export interface Waiting {
  signal: AbortSignal;
  /** The line was lost, or is back (null). Told once for each. */
  trouble: (sentence: string | null) => void;
  limitMs?: number;
}

/** Waits until somebody has decided. */
export async function waitForKey(edge: URL, asked: Asked, waiting: Waiting): Promise<Confirmed> {
  const { signal, trouble, limitMs = WAIT_MS } = waiting;
  const until = performance.now() + limitMs;
  const door = new URL(`api/enrolments/${encodeURIComponent(asked.code)}`, withSlash(edge));
  const headers = { authorization: `Bearer ${asked.poll_token}` };
  let lost = false;
  while (performance.now() < until) {
    await pause(asked.interval_s * 1_000, signal);
    const answer = await send(door, signal, { headers }).then(readAnswer, (error: unknown) => {
      if (signal.aborted) throw error;
      return { trouble: `${edge.host} cannot be reached (${reasonIn(error)}); trying on.` };
    });
    if ("confirmed" in answer) return answer.confirmed;
    const sentence = "trouble" in answer ? answer.trouble : null;
    if ((sentence !== null) !== lost) trouble(sentence);
    lost = sentence !== null;
  }
  throw expired(`${edge.host} has not answered in time.`);
}

type PollAnswer = { confirmed: Confirmed } | { waiting: true } | { trouble: string };

async function readAnswer(response: Response): Promise<PollAnswer> {
  const body = await jsonOf(response);
  if (response.status === 202) return { waiting: true };
  if (response.status === 200) {
    const confirmed = Confirmed.safeParse(body);
    if (confirmed.success) return { confirmed: confirmed.data };
    return { trouble: "The edge's answer was not understood; trying on." };
  }
  const { description } = Said.safeParse(body).data ?? { description: "" };
  if (response.status === 410)
    throw /declin/i.test(description) ? declined(description) : expired(description);
  if (response.status === 401 || response.status === 403 || response.status === 404) {
    throw new EnrolmentError("refused", `The edge does not know this code any more. ${AGAIN}`);
  }
  return { trouble: `The edge cannot answer now (${response.status}); trying on.` };
}

const AGAIN = "Ask again: capcloud-agent enroll";

function declined(words: string): EnrolmentError {
  return new EnrolmentError("declined", `${words} Talk to whoever runs that edge before you ask again.`);
}

function expired(words: string): EnrolmentError {
  return new EnrolmentError("expired", `${words || "Nobody confirmed the code in time."} ${AGAIN}`);
}

async function send(url: URL, signal: AbortSignal, init: RequestInit): Promise<Response> {
  const limit = AbortSignal.timeout(REQUEST_MS);
  return fetch(url, { ...init, redirect: "error", signal: AbortSignal.any([signal, limit]) });
}

async function jsonOf(response: Response): Promise<unknown> {
  return response.json().catch(() => null);
}

/** The sentences of an error answer, with a blank before them. */
function said(body: unknown): string {
  const parsed = Said.safeParse(body);
  if (!parsed.success) return "";
  const { description, error } = parsed.data;
  return ` ${[description, error?.hint].filter((part) => part !== undefined && part !== "").join(" ")}`;
}

/** fetch hides why behind "fetch failed". */
function reasonIn(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError) return cause.errors.map(reasonIn).join(", ");
  return cause instanceof Error ? cause.message : String(cause);
}

function withSlash(edge: URL): string {
  return edge.href.replace(/\/*$/, "/");
}
