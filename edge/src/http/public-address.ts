/**
 * Tells addresses of the public internet from those of somebody's own network, in whatever notation they come.
 * Pure. Used by `outgoing.ts` for literal hosts, and for what a name resolves to.
 */

/** [address, bits]: what IANA's special-purpose registry keeps from the public internet, and multicast. */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Within 2000::/3, the only unicast space in public use: Teredo and its kin, documentation, 6to4. */
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ["20010000", 23],
  ["20010db8", 32],
  ["20020000", 16],
  ["3fff0000", 20],
];

/** `text` is an IPv4 address in dots, or an IPv6 address with or without brackets. */
export function isPublicAddress(text: string): boolean {
  const v4 = bitsOfV4(text);
  if (v4 !== null)
    return !SPECIAL_V4.some(([base, bits]) => v4.startsWith((bitsOfV4(base) ?? "").slice(0, bits)));
  const v6 = bitsOfV6(text);
  if (v6 === null || !v6.startsWith("001")) return false;
  return !SPECIAL_V6.some(([base, bits]) => v6.startsWith(bitsOfHex(base).slice(0, bits)));
}

/** Whether a URL's hostname is an address rather than a name; the parser has put every notation into one. */
export function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || bitsOfV4(hostname) !== null;
}

function bitsOfV4(text: string): string | null {
  const numbers = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!numbers || numbers.some((number) => number > 255)) return null;
  return numbers.map((number) => number.toString(2).padStart(8, "0")).join("");
}

function bitsOfV6(text: string): string | null {
  const bare = text.replace(/^\[|\]$/g, "");
  // The URL parser writes dotted tails as groups.
  const host = URL.canParse(`http://[${bare}]/`) ? new URL(`http://[${bare}]/`).hostname.slice(1, -1) : null;
  if (host === null) return null;
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return bitsOfHex([...left, ...gap, ...right].map((group) => group.padStart(4, "0")).join(""));
}

function bitsOfHex(text: string): string {
  return Array.from(text, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
}
