/**
 * Names and secrets of catalogue rows: slugs, ULIDs, keys and their hashes. Randomness is passed in where a
 * decision hangs on it; nothing here reads or writes a row.
 */
import { isReserved } from "../http/reserved.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Crockford's alphabet, as ULID has it. */
const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 62^10 slugs: a million files and a thousand guesses a second give one hit in some 27 years. */
const SLUG_LENGTH = 10;
const SECRET_BYTES = 32;
/** Bytes at or above it are thrown away, or the first letters would come up more often. */
const BASE62_LIMIT = 256 - (256 % BASE62.length);

/** Fills a fresh array with random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

export const randomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** Ten random base62 characters that are no reserved word. */
export function newSlug(
  random: RandomBytes = randomBytes,
  isTaken: (word: string) => boolean = isReserved,
): string {
  for (;;) {
    const slug = base62(SLUG_LENGTH, random);
    if (!isTaken(slug)) return slug;
  }
}

export function base62(length: number, random: RandomBytes = randomBytes): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < BASE62_LIMIT && text.length < length) text += BASE62.charAt(byte % BASE62.length);
    }
  }
  return text;
}

/** 48 bits of time and 80 random ones: sorts by time of making. */
export function ulid(now: number, random: RandomBytes = randomBytes): string {
  let time = "";
  for (let rest = now; time.length < 10; rest = Math.floor(rest / 32)) time = BASE32.charAt(rest % 32) + time;
  return time + Array.from(random(16), (byte) => BASE32.charAt(byte % 32)).join("");
}

/** 256 random bits, base64url. */
export function newSecret(random: RandomBytes = randomBytes): string {
  const base64 = btoa(String.fromCharCode(...random(SECRET_BYTES)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What is kept of a secret: secrets of 256 random bits need no slow hash. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return hex(new Uint8Array(digest));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function equalHashes(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}
