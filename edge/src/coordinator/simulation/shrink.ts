/**
 * Finds few items of a plan with which it still fails: halves are left out, then quarters, and so on, as Zeller's
 * delta debugging has it. Pure but for what it is given to try.
 */

/** Tries at most; a smaller list is a help to whoever reads it, not a proof. */
const MOST_TRIES = 160;

export async function shrink(
  items: readonly number[],
  fails: (items: readonly number[]) => Promise<boolean>,
): Promise<number[]> {
  let left = [...items];
  let parts = 2;
  let tries = 0;
  while (left.length > 1 && tries < MOST_TRIES) {
    const size = Math.ceil(left.length / parts);
    let smaller: number[] | null = null;
    for (let from = 0; from < left.length && smaller === null && tries < MOST_TRIES; from += size) {
      const without = left.filter((_, at) => at < from || at >= from + size);
      tries += 1;
      if (await fails(without)) smaller = without;
    }
    if (smaller !== null) {
      left = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(left.length, parts * 2);
    }
  }
  return left;
}
