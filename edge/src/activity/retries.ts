/** When an event is tried again, and when its receiver is given up; pure. Used by `sending.ts`. */
import { DAY, HOUR, MINUTE } from "../config.ts";

/** After the first try and each that failed: eight more, the last a day after the first. */
const PAUSES_MS = [
  1 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  39 * MINUTE,
  1 * HOUR,
  3 * HOUR,
  7 * HOUR,
  12 * HOUR,
] as const;
export const TRIES = PAUSES_MS.length + 1;
/** A receiver that has taken nothing for so long gets nothing any more. */
export const GIVEN_UP_MS = DAY;

/** When the next try is due, counted from the start of this one, its `attempts`-th; null: it was the last. */
export function pauseAfter(attempts: number): number | null {
  return PAUSES_MS[attempts - 1] ?? null;
}
