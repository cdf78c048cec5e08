/**
 * The record of this page's file: read from the page, then kept up to date by server-sent events, or by asking
 * where those do not come through. Everything on the page that follows the record subscribes here.
 */
import { isSettled, type RecordView, readRecord } from "../../src/pages/shared/record.ts";
import { fetchRecord, parseJson } from "./answers.ts";
import { find } from "./dom.ts";

type Listener = (record: RecordView) => void;

const FIRST_ASK_MS = 2_000;
const SLOWEST_ASK_MS = 20_000;
/** Extras that have not come by then were given up. */
const MOST_ASKS = 90;
/** A film may get another rung long after it was ready. */
const LOOK_AGAIN_MS = 60_000;

let current: RecordView | null = null;
const listeners = new Set<Listener>();

export function currentRecord(): RecordView {
  current ??= readRecord(JSON.parse(find("#record", HTMLScriptElement).textContent ?? ""));
  return current;
}

/** Called with the record as it is, and each time it changes. */
export function onRecord(listener: Listener): void {
  listeners.add(listener);
  listener(currentRecord());
}

/** Of what is being followed: ended when something newer is. */
let following = new AbortController();

/** Follows the file until everything about it is settled, and looks again from time to time after that. */
export function followRecord(): void {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  if (currentRecord().status === "processing") followEvents(signal);
  else void followExtras(signal);
}

/** The host's answer to what was asked of it here: what that has begun is followed at once. */
export function takeRecord(record: RecordView): void {
  publish(record);
  followRecord();
}

function followEvents(signal: AbortSignal): void {
  const events = new EventSource(`/api/files/${currentRecord().id}/events`);
  signal.addEventListener("abort", () => events.close());
  events.addEventListener("state", (event: MessageEvent<string>) =>
    publish(readRecord(parseJson(event.data))),
  );
  events.addEventListener("end", () => {
    events.close();
    // The extras, such as a storyboard, come after the end of these.
    void ask(signal).then(() => followExtras(signal));
  });
  events.addEventListener("error", () => {
    // A broken connection comes back by itself; a refused one is closed for good.
    if (events.readyState === EventSource.CLOSED) void followExtras(signal);
  });
}

async function followExtras(signal: AbortSignal): Promise<void> {
  let wait = FIRST_ASK_MS;
  const isOpen = (asks: number) => currentRecord().status === "processing" || asks < MOST_ASKS;
  for (let asks = 0; isOpen(asks) && !isSettled(currentRecord()); asks++) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (signal.aborted) return;
    wait = Math.min(wait * 1.5, SLOWEST_ASK_MS);
    await ask(signal);
  }
  if (!signal.aborted) followLater(signal);
}

/** While somebody looks at a film that is settled, and when they come back to it. */
function followLater(signal: AbortSignal): void {
  if (!currentRecord().type.startsWith("video/")) return;
  const look = async () => {
    await ask(signal);
    if (!signal.aborted && currentRecord().status === "processing") followRecord();
  };
  const lookIfSeen = () => {
    if (document.visibilityState !== "hidden") void look();
  };
  const timer = setInterval(lookIfSeen, LOOK_AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("visibilitychange", lookIfSeen, { signal });
}

/** An answer that is overtaken by what was begun since is not shown. */
async function ask(signal: AbortSignal): Promise<void> {
  const record = await fetchRecord(currentRecord().id);
  if (signal.aborted) return;
  // Deleted while somebody looks at it: the server has the page for that.
  if (record === "gone") location.reload();
  if (typeof record !== "string") publish(record);
}

function publish(record: RecordView): void {
  current = record;
  for (const listener of listeners) listener(record);
}
