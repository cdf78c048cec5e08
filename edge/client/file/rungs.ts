/**
 * The qualities of a video, and further ones at a click: for its owner and for the operator. What is asked for joins
 * the record, which the list here and the player follow.
 */
import { RecordShape, type RecordView, rungsOf } from "../../src/pages/shared/record.ts";
import { addableRungs, rungWords } from "../../src/pages/shared/rungs.ts";
import { tryShape } from "../../src/pages/shared/shape.ts";
import { parseJson } from "../lib/answers.ts";
import { currentRecord, onRecord, takeRecord } from "../lib/current-record.ts";
import { find, seek } from "../lib/dom.ts";
import { askHost, type OwnerHeaders } from "../lib/owner.ts";
import { entry } from "./entry.ts";

export function startRungs(headers: OwnerHeaders): void {
  const fold = seek("#rungs", HTMLDetailsElement);
  if (fold) new Rungs(fold, headers).start();
}

class Rungs {
  readonly #fold: HTMLDetailsElement;
  readonly #headers: OwnerHeaders;
  readonly #said = find("#rungs-said", HTMLElement);
  readonly #buttons = find("#rungs-add", HTMLElement);
  #drawn = "";
  #offered = "";
  /** What was asked for here and is not there yet. */
  readonly #awaited = new Set<string>();
  #isAsking = false;

  constructor(fold: HTMLDetailsElement, headers: OwnerHeaders) {
    this.#fold = fold;
    this.#headers = headers;
  }

  start(): void {
    this.#buttons.addEventListener("click", ({ target, detail }) => {
      const name = target instanceof HTMLButtonElement ? target.value : "";
      // The second half of a double click would meet the neighbour that has moved up.
      if (name === "" || detail > 1 || this.#isAsking) return;
      this.#isAsking = true;
      void this.#ask(name).finally(() => {
        this.#isAsking = false;
      });
    });
    onRecord((record) => this.#draw(record));
  }

  #draw(record: RecordView): void {
    const rungs = rungsOf(record);
    this.#fold.hidden = rungs.length === 0;
    const lines = rungs.map((rung): [string, string] => [`${rung.name}p`, rungWords(rung)]);
    const addable = addableRungs(record, Number(this.#fold.dataset["most"]));
    const look = JSON.stringify([lines, addable]);
    if (look === this.#drawn) return;
    this.#drawn = look;
    find("#rungs-list", HTMLElement).replaceChildren(...lines.map(([name, words]) => entry(name, words)));
    // Those that somebody may be about to press stay as long as they are the same.
    if (this.#offered !== addable.join()) this.#drawButtons(addable);
    this.#offered = addable.join();
    for (const { name, state } of rungs) {
      if (state !== "ready" && state !== "failed") continue;
      if (this.#awaited.delete(name))
        this.#say(`${name}p ${state === "ready" ? "is ready" : "could not be made"}.`);
    }
  }

  /** The focus of one that goes falls to its neighbour. */
  #drawButtons(names: string[]): void {
    const before = [...this.#buttons.querySelectorAll("button")];
    const focused = before.findIndex((button) => button === document.activeElement);
    const buttons = names.map(makeButton);
    this.#buttons.replaceChildren(...buttons);
    this.#buttons.hidden = buttons.length === 0;
    if (focused === -1) return;
    const same = buttons.find(({ value }) => value === before[focused]?.value);
    const next = same ?? buttons[Math.min(focused, buttons.length - 1)];
    (next ?? find("summary", HTMLElement, this.#fold)).focus();
  }

  async #ask(name: string): Promise<void> {
    const said = await askHost(`/api/files/${currentRecord().id}/rungs`, {
      method: "POST",
      headers: { ...this.#headers, "Content-Type": "application/json" },
      body: JSON.stringify({ name }),
    });
    if (!said.ok) return this.#say(said.words, true);
    const record = tryShape(RecordShape, parseJson(said.words));
    const isThere = rungsOf(record ?? currentRecord()).some(
      (rung) => rung.name === name && rung.state === "ready",
    );
    if (!isThere) this.#awaited.add(name);
    this.#say(answerWords(name, said.status, isThere));
    if (record) takeRecord(record);
  }

  #say(words: string, isRefusal = false): void {
    this.#said.classList.toggle("problem", isRefusal);
    this.#said.textContent = words;
  }
}

function answerWords(name: string, status: number, isThere: boolean): string {
  if (isThere) return `The video has ${name}p already.`;
  if (status === 202) return `${name}p will be made. It joins the player when it is ready.`;
  return `${name}p was asked for before. It joins the player when it is ready.`;
}

function makeButton(name: string): HTMLButtonElement {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button", value: name, textContent: `Add ${name}p` });
  return button;
}
