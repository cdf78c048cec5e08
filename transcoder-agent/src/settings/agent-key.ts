/** An agent's key: read from its file, checked for what it looks like, and a name that does not give it away. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { ConfigError, type Found } from "./settings.ts";

/** Where systemd and Docker put secrets, with bits that say nothing of who can reach them. */
export function isHandedOver(path: string): boolean {
  return /^\/run\/(credentials|secrets)\/(?!.*\.\.)/.test(path);
}

export async function readKeyFile(
  { value: path, origin }: Found,
  warn: (sentence: string) => void,
): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) throw new ConfigError(`The key file ${path} (${origin}) cannot be read.`);
  const { mode } = await stat(path);
  // Windows has no such bits, and what a service is handed is guarded by who hands it over.
  if (process.platform !== "win32" && (mode & 0o077) !== 0 && !isHandedOver(path)) {
    warn(`${path} can be read by other users of this machine: chmod 600 ${path}`);
  }
  return text.trim();
}

export function checkKey({ value, origin }: Found): string {
  if (/^[\x21-\x7e]{8,512}$/.test(value)) return value;
  throw new ConfigError(`The key in ${origin} is no agent key: it is one word, as the edge showed it.`);
}

/** Names the agent without giving its key away. */
export function nameOf(key: string): string {
  const id = /^cca_([A-Za-z0-9-]{1,40})_/.exec(key)?.[1];
  return id ?? createHash("sha256").update(key).digest("hex").slice(0, 12);
}
