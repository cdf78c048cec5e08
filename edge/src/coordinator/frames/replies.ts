/**
 * Replies to the latest frames of each agent, so that a frame that comes again is answered as before. All are
 * kept in memory. Written down are those that end a lease, since after a restart the ledger would answer such a
 * frame otherwise; one with a lease's secret or a signed address never is.
 */
import type { AgentFrame } from "#protocol";
import type { ReplyStore } from "../store/reply-store.ts";

/** Replies of each agent that are kept in memory. */
const KEPT_PER_AGENT = 32;

interface Recent {
  bootId: string;
  /** The highest number that was answered, in this life of the object or before: what is newer never came yet. */
  newest: number;
  texts: Map<number, string>;
}

export class RecentReplies {
  readonly #store: ReplyStore;
  readonly #agents = new Map<string, Recent>();

  constructor(store: ReplyStore) {
    this.#store = store;
  }

  find(agentId: string, bootId: string, seq: number): string | null {
    const { newest, texts } = this.#recent(agentId, bootId);
    if (seq > newest) return null;
    return texts.get(seq) ?? this.#store.find(agentId, bootId, seq);
  }

  keep(agentId: string, bootId: string, { type, seq }: AgentFrame, text: string): void {
    const recent = this.#recent(agentId, bootId);
    recent.newest = Math.max(recent.newest, seq);
    recent.texts.set(seq, text);
    const [oldest] = recent.texts.keys();
    if (recent.texts.size > KEPT_PER_AGENT && oldest !== undefined) recent.texts.delete(oldest);
    if (isWrittenDown(type)) this.#store.keep(agentId, bootId, seq, text);
  }

  /** The socket is gone; addresses and secrets go with it. */
  dropAgent(agentId: string): void {
    this.#agents.delete(agentId);
  }

  #recent(agentId: string, bootId: string): Recent {
    const known = this.#agents.get(agentId);
    if (known?.bootId === bootId) return known;
    const recent = { bootId, newest: this.#store.newest(agentId, bootId), texts: new Map<number, string>() };
    this.#agents.set(agentId, recent);
    return recent;
  }
}

/** What ends a lease would be told on its repetition that the lease is over. The others are worked out anew. */
function isWrittenDown(type: AgentFrame["type"]): boolean {
  return type === "complete" || type === "fail" || type === "release";
}
