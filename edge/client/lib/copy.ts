/** Copying: every `[data-copy]` button of the page, and fields that select themselves when touched. */
import { announce } from "./dom.ts";

/** How long a button says that it has copied. */
const SHOWN_MS = 1_800;

export function startCopying(): void {
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    if (target instanceof HTMLInputElement && target.dataset["select"] !== undefined) target.select();
    const button = target.closest<HTMLElement>("[data-copy]");
    const text = button?.dataset["copy"];
    if (button && text !== undefined) void copyFrom(button, text);
  });
}

/** Copies, and lets the button say so. */
export async function copyFrom(button: HTMLElement, text: string): Promise<void> {
  const copied = await copyText(text);
  announce(copied ? "Copied" : "Copying is not allowed here; select the text instead");
  if (!copied) return;
  const words = button.querySelector("span");
  const before = button.dataset["words"] ?? words?.textContent ?? "";
  button.dataset["words"] = before;
  // Its neighbours stay where they are while it says another word.
  button.style.minWidth = `${button.offsetWidth}px`;
  button.classList.add("done");
  if (words) words.textContent = "Copied";
  setTimeout(() => {
    button.classList.remove("done");
    if (words) words.textContent = before;
  }, SHOWN_MS);
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** On plain http (an edge in the living room) browsers have no clipboard but this. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "hidden-text";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
