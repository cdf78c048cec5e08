/**
 * Keeps a page as the host would render it now: it is fetched again every few seconds, and each `[data-live]` part
 * that changed is put in place of the old one. What is being used (an open menu, a dialog, a field) stays as it is.
 */
import { seek } from "../lib/dom.ts";
import { localizeTimes } from "../lib/when.ts";

/** Often enough to watch work go on, seldom enough to cost nothing. */
const PERIOD_MS = 2_500;
const IN_USE = "[data-live] details[open], dialog[open], [data-live] input:focus, [data-live] select:focus";

export interface Live {
  /** Looks now, whatever is open. */
  refresh(): Promise<void>;
}

/** A page without live parts is left alone. */
export function startLive(): Live {
  if (document.querySelector("[data-live]") !== null) void follow();
  return { refresh };
}

async function follow(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    if (document.hidden || document.querySelector(IN_USE) !== null) continue;
    await refresh();
  }
}

async function refresh(): Promise<void> {
  const trouble = seek("#trouble", HTMLElement);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    // The session is over: the host shows its door.
    if (answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(`The host answered ${answer.status}`);
    replaceLive(new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (trouble) trouble.hidden = true;
  } catch {
    if (trouble) trouble.hidden = false;
  }
}

function replaceLive(fresh: Document): void {
  const focused = document.activeElement?.id ?? "";
  for (const now of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const then = fresh.getElementById(now.id);
    if (!then) continue;
    localizeTimes(then);
    // Written by the same server for the same visitor; compared as text, since most parts stay as they are.
    if (then.innerHTML !== now.innerHTML) now.replaceChildren(...then.childNodes);
  }
  if (focused !== "" && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}
