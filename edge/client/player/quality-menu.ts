/** The quality menu: Auto, every rung, Original. Drawn anew only when it would look different. */
import type { MediaChromeMenu } from "media-chrome/dist/menu/media-chrome-menu.js";
import { formatPercent } from "../../src/pages/shared/format.ts";
import type { RenditionView } from "../../src/pages/shared/record.ts";
import type { Film } from "./film.ts";

interface Entry {
  value: string;
  text: string;
  note: string;
}

export class QualityMenu {
  readonly #menu: MediaChromeMenu;
  readonly #film: Film;
  #drawn = "";

  constructor(menu: MediaChromeMenu, film: Film) {
    this.#menu = menu;
    this.#film = film;
    menu.addEventListener("change", () => film.choose(menu.value));
  }

  draw(): void {
    const entries = this.#entries();
    const { quality } = this.#film;
    const look = JSON.stringify([entries, quality]);
    if (look === this.#drawn) return;
    this.#drawn = look;
    const title = [...this.#menu.children].filter((child) => child.slot === "title");
    this.#menu.replaceChildren(
      ...title,
      ...entries.map((entry) => makeEntry(entry, entry.value === quality)),
    );
  }

  #entries(): Entry[] {
    const { rungs, canOriginal, canStream, canChoose, playing, quality } = this.#film;
    const streams = canChoose ? rungs.toReversed() : [];
    const auto = { value: "auto", text: "Auto", note: quality === "auto" && playing ? `${playing}p` : "" };
    return [
      ...(canStream && rungs.length > 0 ? [auto] : []),
      ...streams.map((rung) => ({ value: rung.name, text: `${rung.name}p`, note: stateNote(rung) })),
      ...(canOriginal ? [{ value: "original", text: "Original", note: "" }] : []),
    ];
  }
}

function stateNote(rung: RenditionView): string {
  if (rung.state === "ready") return "";
  return rung.fraction === null ? "not ready" : formatPercent(rung.fraction);
}

function makeEntry({ value, text, note }: Entry, checked: boolean): HTMLElement {
  const element = document.createElement("media-chrome-menu-item");
  element.setAttribute("type", "radio");
  element.setAttribute("value", value);
  element.toggleAttribute("checked", checked);
  element.dataset["description"] = note === "" || value !== "auto" ? text : `${text} (${note})`;
  element.append(text);
  if (note !== "") {
    const aside = document.createElement("span");
    aside.slot = "suffix";
    aside.className = "menu-note";
    aside.textContent = note;
    element.append(aside);
  }
  return element;
}
