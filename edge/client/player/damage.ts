/**
 * Where a film is damaged the browser gives up decoding for good (Chromium does for a single packet of sound); a film
 * that was copied carries its source's damage. How far to skip, so that it plays on behind.
 */

const FIRST_SKIP_S = 1;
/** The longest segment: its picture cannot be decoded from anywhere in it. */
const LONGEST_SKIP_S = 8;
/** Decoders work ahead of what is shown: a failure so soon after a skip is still about the same place. */
const SAME_PLACE_S = 4;

export class Damage {
  #skip = FIRST_SKIP_S;
  #skippedTo = -Infinity;

  /** Where to go on after decoding has failed while `at` was shown. Seconds. */
  behind(at: number): number {
    const again = Math.abs(at - this.#skippedTo) < SAME_PLACE_S;
    this.#skip = again ? Math.min(2 * this.#skip, LONGEST_SKIP_S) : FIRST_SKIP_S;
    this.#skippedTo = at + this.#skip;
    return this.#skippedTo;
  }
}
