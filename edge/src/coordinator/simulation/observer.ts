/**
 * Reads every frame between agents and the object, and knows by that which leases are genuine. Judges each
 * answer: nothing may be accepted for a lease that was not granted or is over, and a question that comes again gets
 * the answer it had.
 */
import { AgentFrame, CoordinatorFrame, type LeaseRef } from "#protocol";
import { FORGED_SEQ } from "./forgery.ts";
import type { ObjectHost } from "./object.ts";
import type { Complain } from "./violation.ts";
import type { Wire } from "./wire.ts";

export interface Genuine {
  lease: LeaseRef;
  agentId: string;
  /** By `grant`, or by the welcome that let its holder go on. */
  adopted: boolean;
}

interface Asked {
  frame: AgentFrame;
  verdict: string | null;
}

/** States in which a job is not, once such a word of it was accepted. */
const UNCHANGED: Readonly<Record<string, readonly string[]>> = {
  complete: ["ready", "leased"],
  fail: ["leased"],
  release: ["leased"],
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
    if (!this.#asked.has(key)) this.#asked.set(key, { frame, verdict: null });
  }

  sent(wire: Wire, text: string): void {
    const frame = CoordinatorFrame.parse(JSON.parse(text));
    switch (frame.type) {
      case "grant":
        this.grants += 1;
        return this.#note(frame.lease, wire.agentId, false);
      case "welcome":
        for (const { lease } of frame.adopted) this.#note(lease, wire.agentId, true);
        return;
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

  #note(lease: LeaseRef, agentId: string, adopted: boolean): void {
    const known = this.genuine.get(lease.job) ?? [];
    this.genuine.set(lease.job, [...known, { lease, agentId, adopted }]);
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
  #demandCurrent(wire: Wire, { job, epoch, secret }: LeaseRef, what: string): void {
    const given = this.genuine.get(job) ?? [];
    const found = given.some(
      ({ lease, agentId }) => lease.epoch === epoch && lease.secret === secret && agentId === wire.agentId,
    );
    const [row] = this.#object.rows<{ epoch: number; state: string }>(
      "select epoch, state from jobs where id = ?",
      job,
    );
    const idle = UNCHANGED[what]?.includes(row?.state ?? "") ?? false;
    if (found && row?.epoch === epoch && !idle) return;
    const at = `the job is ${row?.state} at epoch ${row?.epoch}`;
    const why = found ? at : "it was never given such a lease";
    this.#complain(
      "I3 no commit by a stale epoch",
      `${what} of ${job} at ${epoch} by ${wire.agentId} accepted: ${why}`,
    );
  }
}
