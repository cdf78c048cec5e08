/** The one sentence over the player, for when nothing plays and why. */
import { find } from "../lib/dom.ts";

/** `passing`: it plays on by itself in a moment, so the controls stay. */
export function showNote(words: string | null, kind: "lasting" | "passing" = "lasting"): void {
  const note = find("#stage-note", HTMLElement);
  note.hidden = words === null;
  note.classList.toggle("passing", kind === "passing");
  if (note.textContent !== words) note.textContent = words ?? "";
}
