/**
 * Replies to the latest frames of each agent, so that a frame that comes again is answered as before. Those
 * with a lease's secret or a signed address stay in memory: after a restart they are worked out anew, which
 * `hello` and `sign` allow without changing anything twice.
 */
import type { Outgoing } from "./sockets.ts";
import type { ReplyStore } from "./reply-store.ts";

/** Agents of which replies are kept in memory, and replies of each. */
const KEPT_PER_AGENT = 32;

export class RecentReplies {
  readonly #store: ReplyStore;
  readonly #secret = new Map<string, Map<string, string>>();

  constructor(store: ReplyStore) {
    this.#store = store;
  }

  find(agentId: string, bootId: string, seq: number): string | null {
    return this.#secret.get(agentId)?.get(keyOf(bootId, seq)) ?? this.#store.find(agentId, bootId, seq);
  }

  keep(agentId: string, bootId: string, seq: number, type: Outgoing["type"], text: string): void {
    if (type !== "welcome" && type !== "signed") return this.#store.keep(agentId, bootId, seq, text);
    const own = this.#secret.get(agentId) ?? new Map<string, string>();
    this.#secret.set(agentId, own.set(keyOf(bootId, seq), text));
    const [oldest] = own.keys();
    if (own.size > KEPT_PER_AGENT && oldest !== undefined) own.delete(oldest);
  }

  /** The socket is gone; addresses and secrets go with it. */
  dropAgent(agentId: string): void {
    this.#secret.delete(agentId);
  }
}

function keyOf(bootId: string, seq: number): string {
  return `${bootId} ${seq}`;
}
