/** Job ids: ULIDs that sort in the order in which they were made, also within one millisecond. */
import { ulid, type RandomBytes } from "../../catalog/ids.ts";

const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A source of ids, each greater than the one before. */
export function createIds(random: RandomBytes): (now: number) => string {
  let last = "";
  let lastTime = 0;
  return (now) => {
    const time = Math.max(now, lastTime);
    last = time === lastTime && last !== "" ? increment(last) : ulid(time, random);
    lastTime = time;
    return last;
  };
}

/** The next one after it; the carry runs on as far as it must. */
export function increment(id: string): string {
  const head = id.slice(0, -1);
  const at = BASE32.indexOf(id.slice(-1)) + 1;
  return at < BASE32.length ? head + BASE32.charAt(at) : increment(head) + BASE32.charAt(0);
}
