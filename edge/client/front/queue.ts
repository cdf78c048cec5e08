/** The uploads of this visit: a few at a time, each with its row; what fails can be tried again. */
import { formatBytes } from "../../src/pages/shared/format.ts";
import type { UploadAnswer } from "../lib/answers.ts";
import { copyFrom } from "../lib/copy.ts";
import { announce, find } from "../lib/dom.ts";
import { Row } from "./row.ts";
import { Refused, sendFile, Stopped } from "./send.ts";

/** Beyond three a browser's connections to one host wait for one another. */
const AT_ONCE = 3;

interface Upload {
  file: File;
  row: Row;
  stop: AbortController;
}

export class Queue {
  readonly #maxBytes: number;
  readonly #stored: (answer: UploadAnswer, file: File) => void;
  readonly #waiting: Upload[] = [];
  readonly #links: string[] = [];
  #running = 0;

  constructor(maxBytes: number, stored: (answer: UploadAnswer, file: File) => void) {
    this.#maxBytes = maxBytes;
    this.#stored = stored;
    const copyAll = find("#copy-all", HTMLButtonElement);
    copyAll.addEventListener("click", () => void copyFrom(copyAll, this.#links.join("\n")));
    addEventListener("beforeunload", (event) => {
      if (this.#running > 0) event.preventDefault();
    });
  }

  add(files: File[]): void {
    if (files.length === 0) return;
    find("#queue", HTMLElement).hidden = false;
    const rows = find("#rows", HTMLElement);
    for (const file of files) {
      const upload: Upload = { file, stop: new AbortController(), row: this.#rowOf(file, () => upload) };
      rows.append(upload.row.element);
      this.#enlist(upload);
    }
  }

  #rowOf(file: File, uploadOf: () => Upload): Row {
    return new Row(file, {
      stop: () => this.#remove(uploadOf()),
      retry: () => this.#enlist(uploadOf()),
    });
  }

  #enlist(upload: Upload): void {
    const { file, row } = upload;
    if (file.size > this.#maxBytes) {
      row.failed(
        `${formatBytes(file.size)} is more than the ${formatBytes(this.#maxBytes)} this host takes.`,
      );
      return;
    }
    row.waiting();
    this.#waiting.push(upload);
    void this.#next();
  }

  #remove(upload: Upload): void {
    const at = this.#waiting.indexOf(upload);
    if (at !== -1) this.#waiting.splice(at, 1);
    upload.stop.abort();
    upload.row.element.remove();
  }

  async #next(): Promise<void> {
    if (this.#running >= AT_ONCE) return;
    const upload = this.#waiting.shift();
    if (!upload) return;
    this.#running += 1;
    try {
      await this.#send(upload);
    } finally {
      this.#running -= 1;
      void this.#next();
    }
  }

  async #send({ file, row, stop }: Upload): Promise<void> {
    try {
      const answer = await sendFile(file, (sent) => row.sending(sent), stop.signal);
      this.#links.push(answer.url);
      find("#copy-all", HTMLButtonElement).hidden = this.#links.length < 2;
      row.done(answer.url, this.#links.length === 1 && !isTyping());
      announce(`${file.name} is uploaded`);
      this.#stored(answer, file);
    } catch (error) {
      if (error instanceof Stopped) return;
      row.failed(error instanceof Refused ? error.message : "This file could not be read.");
      announce(`${file.name} was not uploaded`);
    }
  }
}

/** The link is selected for whoever is about to copy it, never under somebody's fingers. */
function isTyping(): boolean {
  const focused = document.activeElement;
  return focused instanceof HTMLInputElement && focused.id !== "picker";
}
