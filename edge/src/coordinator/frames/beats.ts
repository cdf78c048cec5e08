/**
 * When frames are worked off. One that comes alone goes at once; those that come close together wait a moment
 * and go in one beat, so that the storage writes once for all of them and free slots are dealt out once. Used by
 * `coordinator.ts`; knows nothing of what a frame says.
 */

/** What a frame waits at most, in milliseconds: little beside any job, much beside a write (0.2 ms, measured). */
const BEAT_MS = 4;

export class Beats {
  /** The beat that is coming; null while all is quiet. */
  #coming: PromiseWithResolvers<void> | null = null;
  #waiting = 0;

  /** Resolves when the frame that has just come may be worked off. */
  next(): Promise<void> {
    if (this.#coming === null) {
      this.#begin();
      return Promise.resolve();
    }
    this.#waiting += 1;
    return this.#coming.promise;
  }

  #begin(): void {
    this.#coming = Promise.withResolvers();
    this.#waiting = 0;
    setTimeout(() => this.#strike(), BEAT_MS);
  }

  /** Goes on for as long as somebody waits. */
  #strike(): void {
    const struck = this.#coming;
    if (this.#waiting > 0) this.#begin();
    else this.#coming = null;
    struck?.resolve();
  }
}
