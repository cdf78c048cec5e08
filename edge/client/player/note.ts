/** The one sentence over the player, for when nothing plays and why. */
import { find } from "../lib/dom.ts";

export function showNote(words: string | null): void {
  const note = find("#stage-note", HTMLElement);
  note.hidden = words === null;
  if (note.textContent !== words) note.textContent = words ?? "";
}
