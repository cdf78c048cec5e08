/** How fast an upload goes and how long it will take, from the last few seconds of progress. Pure. */

/** Progress older than this no longer counts: networks change their mind. */
const WINDOW_MS = 5_000;
/** Before this much has been seen any number would be a guess. */
const FIRST_MS = 700;

export class Pace {
  readonly #total: number;
  #marks: { at: number; bytes: number }[] = [];

  constructor(totalBytes: number) {
    this.#total = totalBytes;
  }

  note(bytes: number, now: number): void {
    this.#marks = [...this.#marks.filter((mark) => now - mark.at <= WINDOW_MS), { at: now, bytes }];
  }

  /** Bytes a second; null until it can be told. */
  speed(): number | null {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || !last || last.at - first.at < FIRST_MS) return null;
    return ((last.bytes - first.bytes) * 1_000) / (last.at - first.at);
  }

  /** Seconds. */
  left(): number | null {
    const speed = this.speed();
    const done = this.#marks.at(-1)?.bytes ?? 0;
    return speed ? (this.#total - done) / speed : null;
  }
}
