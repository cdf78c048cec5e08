/** Small readers over a file's first bytes, for the sniffers. Pure; reading past the end gives nothing, never throws. */

/** Latin-1 letters at `at`; shorter where the bytes end. */
export function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Hex digits as in "ff d8 ff"; `..` stands for any byte. */
export function matches(bytes: Uint8Array, pattern: string, at = 0): boolean {
  return pattern
    .split(" ")
    .every((digits, i) =>
      digits === ".." ? at + i < bytes.length : bytes[at + i] === Number.parseInt(digits, 16),
    );
}

export function uint(
  bytes: Uint8Array,
  at: number,
  length: 2 | 3 | 4,
  order: "big" | "little" = "big",
): number {
  let value = 0;
  for (let i = 0; i < length; i++) {
    value = value * 256 + (bytes[order === "big" ? at + i : at + length - 1 - i] ?? 0);
  }
  return value;
}

/** True where the letters occur in the first `within` bytes. */
export function contains(bytes: Uint8Array, letters: string, within = bytes.length): boolean {
  return indexOf(bytes, letters, 0, within) >= 0;
}

export function indexOf(bytes: Uint8Array, letters: string, from = 0, end = bytes.length): number {
  const first = letters.charCodeAt(0);
  const last = Math.min(end, bytes.length) - letters.length;
  for (let at = bytes.indexOf(first, from); at >= 0 && at <= last; at = bytes.indexOf(first, at + 1)) {
    if (ascii(bytes, at, letters.length) === letters) return at;
  }
  return -1;
}
