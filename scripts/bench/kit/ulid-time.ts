/** When a ULID was made: its first ten letters are milliseconds since 1970, in Crockford's base 32. Pure. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LETTERS = 10;

/** Of a job's id: `<pool>.<ulid>`. */
export function timeOfJob(id: string): number {
  const letters = (id.split(".").at(-1) ?? "").slice(0, TIME_LETTERS);
  return letters.split("").reduce((time, letter) => time * ALPHABET.length + ALPHABET.indexOf(letter), 0);
}
