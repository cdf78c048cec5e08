/**
 * Addresses of a large object's parts, asked for a few at a time and again where one ran out. Used by
 * `uploads.ts`.
 */
import type { Asking } from "../link/asking.ts";
import { JobError } from "../errors.ts";
import type { SignedRequest } from "../protocol.ts";
import type { Address } from "../transfer.ts";

/** Asked for together: they live 15 minutes, so not all of a large object's at once. */
const PARTS_PER_SIGN = 8;

export class PartAddresses {
  readonly #name: string;
  readonly #parts: number;
  readonly #asking: Asking;
  readonly #groups = new Map<number, Promise<Map<number, SignedRequest>>>();

  constructor(name: string, parts: number, asking: Asking) {
    this.#name = name;
    this.#parts = parts;
    this.#asking = asking;
  }

  /** The address of part `number`, counted from 1. */
  of(number: number): Address<SignedRequest> {
    let current: SignedRequest | null = null;
    return {
      get: async (refused) => {
        if (current === null) current = found(await this.#group(number), number);
        else if (refused === current) current = found(await this.#sign([number]), number);
        return current;
      },
    };
  }

  #group(number: number): Promise<Map<number, SignedRequest>> {
    const first = number - ((number - 1) % PARTS_PER_SIGN);
    const last = Math.min(this.#parts, first + PARTS_PER_SIGN - 1);
    const known = this.#groups.get(first);
    if (known) return known;
    const asked = this.#sign(Array.from({ length: last - first + 1 }, (_, index) => first + index));
    this.#groups.set(first, asked);
    return asked;
  }

  async #sign(numbers: number[]): Promise<Map<number, SignedRequest>> {
    const { parts } = await this.#asking.sign({ parts: [{ name: this.#name, numbers }] });
    return new Map((parts[this.#name] ?? []).map(({ number, put }) => [number, put]));
  }
}

function found(addresses: Map<number, SignedRequest>, number: number): SignedRequest {
  const address = addresses.get(number);
  if (!address) throw new JobError("crashed", `The edge gave no address for part ${number}.`);
  return address;
}
