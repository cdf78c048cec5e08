/** A menu of media-chrome with entries of ours. Drawn anew only when it would look different. */
import type { MediaChromeMenu } from "media-chrome/dist/menu/media-chrome-menu.js";

export interface Choice {
  value: string;
  text: string;
  /** Stands small at the end of the line. */
  note: string;
}

export class ChoiceMenu {
  readonly #menu: MediaChromeMenu;
  #drawn = "";

  constructor(menu: MediaChromeMenu, choose: (value: string) => void) {
    this.#menu = menu;
    menu.addEventListener("change", () => choose(menu.value));
  }

  draw(choices: Choice[], chosen: string | null): void {
    const look = JSON.stringify([choices, chosen]);
    if (look === this.#drawn) return;
    this.#drawn = look;
    const title = [...this.#menu.children].filter((child) => child.slot === "title");
    this.#menu.replaceChildren(
      ...title,
      ...choices.map((choice) => makeEntry(choice, choice.value === chosen)),
    );
  }
}

function makeEntry({ value, text, note }: Choice, checked: boolean): HTMLElement {
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
