/**
 * Reads every frame between agents and the object, and knows by that which leases are genuine. Judges each
 * answer: nothing may be accepted, resumed or signed for a lease that was not granted or is over, nothing refused
 * for one that lasts, and a question that comes again gets the answer it had.
 */
import { AgentFrame, CoordinatorFrame, type LeaseRef, type Welcome } from "#protocol";
import type { JobState } from "../ledger/ledger-types.ts";
import { FORGED_SEQ } from "./forgery.ts";
import type { ObjectHost } from "./object.ts";
import type { Complain } from "./violation.ts";
import type { Wire } from "./wire.ts";

export interface Genuine {
  lease: LeaseRef;
  agentId: string;
}

interface Asked {
  frame: AgentFrame;
  verdict: string | null;
  /** The lease that it names was its sender's when it came, once at least. */
  timely: boolean;
}

interface State {
  epoch: number;
  state: JobState;
}

const UNHELD: readonly JobState[] = ["blocked", "ready", "retry_wait", "dead", "cancelled"];
/** States in which a job is not, once such a word of it was accepted. */
const EXCLUDED: Readonly<Record<string, readonly JobState[]>> = {
  complete: ["ready", "leased"],
  fail: ["leased"],
  release: ["leased"],
  renewed: [...UNHELD, "committing", "done"],
  // A completion whose answer was lost is resumed too: the same answer is due.
  resumed: UNHELD,
};

export class Observer {
  /** Leases ever given, by job. */
  readonly genuine = new Map<string, Genuine[]>();
  /** When an agent last said hello. */
  readonly greeted = new Map<string, number>();
  grants = 0;
  readonly #object: ObjectHost;
  readonly #complain: Complain;
  readonly #now: () => number;
  readonly #boots = new WeakMap<Wire, string>();
  readonly #asked = new Map<string, Asked>();

  constructor(object: ObjectHost, complain: Complain, now: () => number) {
    this.#object = object;
    this.#complain = complain;
    this.#now = now;
  }

  received(wire: Wire, text: string): void {
    const frame = AgentFrame.parse(JSON.parse(text));
    if (frame.type === "hello") {
      this.#boots.set(wire, frame.bootId);
      this.greeted.set(wire.agentId, this.#now());
    }
    const key = this.#key(wire, frame.seq);
    const asked = this.#asked.get(key) ?? { frame, verdict: null, timely: false };
    this.#asked.set(key, asked);
    // Epochs grow: what is over when it comes is over for ever, whatever is waited for before the answer.
    asked.timely ||= "lease" in frame && this.#isHeld(wire, frame.lease);
  }

  sent(wire: Wire, text: string): void {
    const frame = CoordinatorFrame.parse(JSON.parse(text));
    switch (frame.type) {
      case "grant":
        this.grants += 1;
        return this.#note(frame.lease, wire.agentId);
      case "welcome":
        return this.#judgeWelcome(wire, frame);
      case "signed":
        return this.#judgeSigned(wire, frame.re);
      case "renewed": {
        const asked = this.#asked.get(this.#key(wire, frame.re));
        // A frame that comes again gets the answer it had, whatever has become of its leases since.
        if (asked?.frame.type !== "renew" || asked.verdict !== null) return;
        asked.verdict = frame.type;
        for (const lease of asked.frame.leases) {
          if (!frame.lost.includes(lease.job)) this.#demandCurrent(wire, lease, "renewed");
        }
        return;
      }
      case "accepted":
      case "refused":
        return this.#judge(
          wire,
          frame.re,
          frame.type === "accepted" ? "accepted" : `refused ${frame.reason}`,
        );
      default:
    }
  }

  #key(wire: Wire, seq: number): string {
    return `${wire.agentId} ${this.#boots.get(wire) ?? ""} ${seq}`;
  }

  #note(lease: LeaseRef, agentId: string): void {
    const known = this.genuine.get(lease.job) ?? [];
    this.genuine.set(lease.job, [...known, { lease, agentId }]);
  }

  /** Who goes on with a lease had it; a hello that comes again is answered as before, whatever happened since. */
  #judgeWelcome(wire: Wire, { re, resumed, adopted }: Welcome): void {
    const asked = this.#asked.get(this.#key(wire, re));
    if (asked?.frame.type === "hello" && asked.verdict === null) {
      asked.verdict = "welcome";
      const { held } = asked.frame;
      for (const job of resumed) {
        const lease = held.find((one) => one.job === job);
        if (this.#demandOwn(wire, job, lease)) this.#demandCurrent(wire, lease, "resumed");
      }
      for (const { job, from } of adopted) {
        this.#demandOwn(
          wire,
          job,
          held.find((one) => one.job === job && one.epoch === from),
        );
      }
    }
    for (const { lease } of adopted) this.#note(lease, wire.agentId);
  }

  #demandOwn(wire: Wire, job: string, named: LeaseRef | undefined): named is LeaseRef {
    if (named && this.#isGenuine(wire, named)) return true;
    this.#complain(
      "I3 no commit by a stale epoch",
      `${job} was given back to ${wire.agentId}, which named no lease of its own for it`,
    );
    return false;
  }

  /** Addresses lie below the prefix of the epoch that the ledger has: nobody else is to write there. */
  #judgeSigned(wire: Wire, re: number): void {
    const asked = this.#asked.get(this.#key(wire, re));
    if (asked?.frame.type !== "sign" || asked.timely) return;
    const { job, epoch } = asked.frame.lease;
    this.#complain(
      "I3 no commit by a stale epoch",
      `${wire.agentId} was given addresses for ${job} at ${epoch}, a lease that was not its own or over`,
    );
  }

  /** An honest word for a lease that still lasts. */
  #judgeRefusal(wire: Wire, { frame, timely }: Asked, re: number): void {
    if (!timely || re >= FORGED_SEQ || !("lease" in frame) || !this.#isHeld(wire, frame.lease)) return;
    this.#complain(
      frame.type === "release" ? "I11 a drain charges nothing" : "I5 everything ends in time",
      `${frame.type} of ${frame.lease.job} by ${wire.agentId}, which holds it, was refused as stale`,
    );
  }

  #judge(wire: Wire, re: number, verdict: string): void {
    const asked = this.#asked.get(this.#key(wire, re));
    if (asked && re >= FORGED_SEQ && verdict !== "refused stale") {
      this.#complain(
        "I3 no commit by a stale epoch",
        `a forged ${asked.frame.type} of ${wire.agentId} was ${verdict}`,
      );
    }
    if (!asked || !("lease" in asked.frame)) return;
    const { frame } = asked;
    if (verdict === "refused stale") this.#judgeRefusal(wire, asked, re);
    if (asked.verdict === null) {
      asked.verdict = verdict;
      if (verdict === "accepted") this.#demandCurrent(wire, asked.frame.lease, frame.type);
    } else if (asked.verdict !== verdict) {
      this.#complain(
        "I8 a frame twice changes nothing",
        `${wire.agentId} asked ${frame.type} ${frame.seq} twice: ${asked.verdict}, then ${verdict}`,
      );
    }
  }

  /** It was granted to this agent, and nobody has been granted the job since. */
  #demandCurrent(wire: Wire, named: LeaseRef, what: string): void {
    const { job, epoch } = named;
    const found = this.#isGenuine(wire, named);
    const row = this.#stateOf(job);
    const excluded = row !== undefined && (EXCLUDED[what]?.includes(row.state) ?? false);
    if (found && row?.epoch === epoch && !excluded) return;
    const at = `the job is ${row?.state} at epoch ${row?.epoch}`;
    const why = found ? at : "it was never given such a lease";
    this.#complain(
      "I3 no commit by a stale epoch",
      `${what} of ${job} at ${epoch} by ${wire.agentId} accepted: ${why}`,
    );
  }

  #isGenuine(wire: Wire, { job, epoch, secret }: LeaseRef): boolean {
    const given = this.genuine.get(job) ?? [];
    return given.some(
      ({ lease, agentId }) => lease.epoch === epoch && lease.secret === secret && agentId === wire.agentId,
    );
  }

  #isHeld(wire: Wire, lease: LeaseRef): boolean {
    const row = this.#stateOf(lease.job);
    return row?.state === "leased" && row.epoch === lease.epoch && this.#isGenuine(wire, lease);
  }

  #stateOf(job: string): State | undefined {
    const [row] = this.#object.rows<State>("select epoch, state from jobs where id = ?", job);
    return row;
  }
}
