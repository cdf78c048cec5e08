/** The text viewer's tools: wrap, copy, and fetching the rest up to a limit. Text only ever becomes text. */
import { currentRecord } from "../lib/current-record.ts";
import { copyFrom } from "../lib/copy.ts";
import { find, seek } from "../lib/dom.ts";

export function startText(pre: HTMLElement): void {
  const wrap = find("#wrap", HTMLButtonElement);
  wrap.addEventListener("click", () => {
    const wrapped = pre.classList.toggle("wrapped");
    wrap.setAttribute("aria-pressed", String(wrapped));
  });
  const copy = find("#copy-text", HTMLButtonElement);
  copy.addEventListener("click", () => void copyFrom(copy, pre.textContent ?? ""));
  const all = seek("#text-all", HTMLButtonElement);
  all?.addEventListener("click", () => {
    all.disabled = true;
    void showMore(pre, Number(pre.dataset["limit"])).finally(() => {
      all.disabled = false;
    });
  });
}

async function showMore(pre: HTMLElement, limit: number): Promise<void> {
  const note = find("#text-more", HTMLElement);
  try {
    const answer = await fetch(currentRecord().raw_url, { headers: { Range: `bytes=0-${limit - 1}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    pre.textContent = await answer.text();
    note.hidden = true;
  } catch {
    find("span", HTMLElement, note).textContent = "The rest did not come; try again, or download the file.";
  }
}
