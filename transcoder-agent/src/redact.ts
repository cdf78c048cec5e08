/**
 * Takes out of a text whatever opens a door: queries of addresses (signatures live there), agent keys, bearer
 * and polling tokens, and secrets that the caller names. Pure; applied to every line of `log.ts`, to what `cli.ts` says
 * of an error nobody foresaw, and to what a failed job tells the edge.
 */

/** Stands where something was. */
const GONE = "…";
/** Parameters that are secret also where they stand without an address, as in an error's `path`. */
const SECRET_PARAMETERS =
  "x-amz-[a-z-]+|signature|sig|secret|token|poll_token|access_token|key|password|authorization";

const RULES: readonly (readonly [RegExp, string])[] = [
  // Names and passwords before the host, then everything after the question mark.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]+@/gi, `$1${GONE}@`],
  [/([a-z][a-z0-9+.-]*:\/\/[^\s?"'<>`]+)\?[^\s"'<>`]*/gi, `$1?${GONE}`],
  [/(\bBearer\s+)[^\s"',;]+/gi, `$1${GONE}`],
  [/\bcca_([A-Za-z0-9-]{1,40})_[\w-]+/g, `cca_$1_${GONE}`],
  [new RegExp(`([?&]|\\b)(${SECRET_PARAMETERS})=[^\\s&"'<>\`]+`, "gi"), `$1$2=${GONE}`],
  [
    new RegExp(`(["'](?:${SECRET_PARAMETERS})["']\\s*:\\s*)(["'])(?:\\\\.|(?!\\2).)*\\2`, "gi"),
    `$1$2${GONE}$2`,
  ],
];

/** A secret shorter than this would take ordinary words with it. */
const SHORTEST_SECRET = 8;

export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= SHORTEST_SECRET) clean = clean.replaceAll(secret, GONE);
  }
  for (const [pattern, put] of RULES) clean = clean.replaceAll(pattern, put);
  return clean;
}
