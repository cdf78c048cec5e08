/** One upload as a row: picture, name, bar, speed and time left, then its link, selected, with Copy. */
import { formatBytes, formatWait } from "../../src/pages/shared/format.ts";
import { Pace } from "../../src/pages/shared/pace.ts";
import { copyFrom } from "../lib/copy.ts";
import { find, stamp } from "../lib/dom.ts";

/** A picture larger than this is not decoded just for its row. Bytes. */
const MAX_DECODED_BYTES = 40_000_000;

type RowState = "waiting" | "sending" | "storing" | "done" | "failed";

export class Row {
  readonly element = stamp("#row");
  readonly #file: File;
  readonly #bar = find("progress", HTMLProgressElement, this.element);
  readonly #facts = find(".row-facts", HTMLElement, this.element);
  readonly #link = find(".row-link input", HTMLInputElement, this.element);
  #pace: Pace;

  constructor(file: File, actions: { stop: () => void; retry: () => void }) {
    this.#file = file;
    this.#pace = new Pace(file.size);
    find(".row-name", HTMLElement, this.element).textContent = file.name;
    this.#bar.setAttribute("aria-label", `Uploading ${file.name}`);
    this.#link.setAttribute("aria-label", `Link of ${file.name}`);
    find(".row-stop", HTMLElement, this.element).addEventListener("click", actions.stop);
    find(".row-retry", HTMLElement, this.element).addEventListener("click", actions.retry);
    const copy = find(".row-link button", HTMLElement, this.element);
    copy.addEventListener("click", () => void copyFrom(copy, this.#link.value));
    this.waiting();
    void this.#drawPicture();
  }

  waiting(): void {
    this.#pace = new Pace(this.#file.size);
    this.#bar.value = 0;
    this.#show("waiting", `${formatBytes(this.#file.size)} · waiting its turn`);
  }

  sending(sentBytes: number): void {
    const { size } = this.#file;
    this.#pace.note(sentBytes, performance.now());
    this.#bar.value = size === 0 ? 1 : sentBytes / size;
    if (sentBytes >= size) return this.#show("storing", `${formatBytes(size)} · storing`);
    const speed = this.#pace.speed();
    const left = this.#pace.left();
    const parts = [`${formatBytes(sentBytes)} of ${formatBytes(size)}`];
    if (speed !== null) parts.push(`${formatBytes(Math.round(speed))}/s`);
    if (left !== null) parts.push(`${formatWait(left)} left`);
    this.#show("sending", parts.join(" · "));
  }

  done(url: string, selectIt: boolean): void {
    this.#link.value = url;
    find(".row-open", HTMLAnchorElement, this.element).href = url;
    this.#show("done", formatBytes(this.#file.size));
    if (!selectIt) return;
    this.#link.focus({ preventScroll: true });
    this.#link.select();
  }

  failed(why: string): void {
    this.#show("failed", why);
  }

  #show(state: RowState, words: string): void {
    this.element.dataset["state"] = state;
    this.#facts.textContent = words;
  }

  async #drawPicture(): Promise<void> {
    if (!this.#file.type.startsWith("image/") || this.#file.size > MAX_DECODED_BYTES) return;
    const side = 56 * Math.min(devicePixelRatio, 2);
    try {
      const bitmap = await createImageBitmap(this.#file, { resizeHeight: side, resizeQuality: "medium" });
      const canvas = document.createElement("canvas");
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
      bitmap.close();
      find(".row-picture", HTMLElement, this.element).replaceChildren(canvas);
    } catch {
      // No picture for this browser: the icon stays.
    }
  }
}
