/**
 * Secrets of leases: 128 random bits, of which only the hash is kept. Hashing is asynchronous in the Worker
 * and a grant must be one turn, so some are minted ahead.
 */
import { hashSecret, randomBytes } from "../../catalog/ids.ts";
import type { MintedSecret } from "../ledger/ledger-types.ts";

const SECRET_BYTES = 16;
const NONCE_BYTES = 6;

export class SecretStock {
  readonly #stock: MintedSecret[] = [];

  get isEmpty(): boolean {
    return this.#stock.length === 0;
  }

  /** At least `count` can be taken without waiting. */
  async fill(count: number): Promise<void> {
    const missing = count - this.#stock.length;
    if (missing <= 0) return;
    this.#stock.push(...(await Promise.all(Array.from({ length: missing }, mint))));
  }

  take(): MintedSecret | null {
    return this.#stock.pop() ?? null;
  }
}

/** Makes a key prefix unlike any other. */
export function newNonce(): string {
  return Array.from(randomBytes(NONCE_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function mint(): Promise<MintedSecret> {
  const base64 = btoa(String.fromCharCode(...randomBytes(SECRET_BYTES)));
  const secret = base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return { secret, hash: await hashSecret(secret) };
}
