/**
 * Bytes to and from signed addresses as the agent's `transfer.ts` moves them, without its sockets: the same
 * patience, the same setbacks after which a fresh address is asked for, the same reading of a 412.
 */
import { pause } from "../../../../transcoder-agent/src/abort.ts";
import { JobError } from "../../../../transcoder-agent/src/errors.ts";
import { Patience, PATIENCE, type Setback } from "../../../../transcoder-agent/src/link/patience.ts";
import type { SignedRequest } from "#protocol";
import type { Content } from "./bucket.ts";
import type { Answer, Relay } from "./relay.ts";

/** A signed address that can be had again. */
export interface Address<T> {
  get(refused?: T): Promise<T>;
}

export class Sending {
  readonly #relay: Relay;
  readonly #agent: string;

  constructor(relay: Relay, agent: string) {
    this.#relay = relay;
    this.#agent = agent;
  }

  async write(content: Content, address: Address<SignedRequest>, signal: AbortSignal): Promise<string> {
    await this.#persist(address, ["denied", "unreachable"], signal, async ({ url, headers }) => {
      const answer = await this.#relay.put(this.#agent, url, headers, content);
      return answer !== null && (answer.status < 300 || answer.status === 412) ? null : setback(answer);
    });
    return content.etag;
  }

  async read(address: Address<string>, signal: AbortSignal): Promise<void> {
    await this.#persist(address, ["denied"], signal, async (url) => {
      const answer = await this.#relay.get(this.#agent, url);
      if (answer?.status === 404) throw new JobError("source_gone", "The source is not there any more.");
      return answer !== null && answer.status < 300 ? null : setback(answer);
    });
  }

  async #persist<T>(
    address: Address<T>,
    renewAfter: readonly Setback[],
    signal: AbortSignal,
    once: (current: T) => Promise<Setback | null>,
  ): Promise<void> {
    const patience = new Patience(PATIENCE, Math.random);
    let current = await address.get();
    for (;;) {
      signal.throwIfAborted();
      const set = await once(current);
      if (set === null) return;
      const wait = patience.after(set, Date.now());
      if (wait === null) throw new JobError("network", `The storage was ${set} for too long.`);
      await pause(wait, signal);
      if (renewAfter.includes(set)) current = await address.get(current);
    }
  }
}

function setback(answer: Answer): Setback {
  if (answer === null) return "unreachable";
  return answer.status === 401 || answer.status === 403 ? "denied" : "busy";
}
