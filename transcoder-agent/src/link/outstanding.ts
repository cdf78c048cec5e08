/**
 * Questions to the coordinator that have no answer yet. They outlive the link: after a reconnect they go out
 * again under the same `seq`, and the coordinator answers a repeat as it answered the first. Used by
 * `connection.ts`; touches no socket.
 */
import { Abandoned, JobError } from "../errors.ts";
import {
  MAX_FRAME_BYTES,
  type Accepted,
  type Complete,
  type ErrorFrame,
  type Fail,
  type Refused,
  type Release,
  type Sign,
  type Signed,
  type Welcome,
} from "../protocol.ts";

type Asking = Sign | Complete | Fail | Release;
type Unnumbered<F> = F extends unknown ? Omit<F, "seq"> : never;
export type Question = Unnumbered<Asking>;
export type Answer = Signed | Accepted | Refused | ErrorFrame;

interface Open {
  frame: Asking;
  sentAt: number | null;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

export class Outstanding {
  readonly #open = new Map<number, Open>();
  readonly #number: () => number;

  /** `number` gives the next `seq` of this start of the process. */
  constructor(number: () => number) {
    this.#number = number;
  }

  ask(question: Question): { frame: Asking; answer: Promise<Answer> } {
    const frame: Asking = { ...question, seq: this.#number() };
    demandFit(frame);
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#open.set(frame.seq, { frame, sentAt: null, resolve, reject });
    });
    return { frame, answer };
  }

  /** True when the frame answered a question that was open. */
  settle(answer: Answer): boolean {
    if (answer.re === null) return false;
    const open = this.#open.get(answer.re);
    this.#open.delete(answer.re);
    open?.resolve(answer);
    return open !== undefined;
  }

  /** What has not been sent since `before`, oldest first; counts as sent at `now`. */
  due(before: number, now: number): Asking[] {
    const due = [...this.#open.values()].filter(({ sentAt }) => sentAt === null || sentAt <= before);
    for (const open of due) open.sentAt = now;
    return due.map(({ frame }) => frame);
  }

  /**
   * After a welcome. An adopted lease means that the question was never decided: it is asked anew in the new
   * name. A lost one needs no answer. Everything else goes out again as it was.
   */
  resume({ adopted, lost }: Pick<Welcome, "adopted" | "lost">): void {
    for (const [seq, open] of this.#open) {
      open.sentAt = null;
      const { job, epoch } = open.frame.lease;
      const heir = adopted.find((entry) => entry.job === job && entry.from === epoch);
      if (heir) {
        this.#open.delete(seq);
        const frame = { ...open.frame, seq: this.#number(), lease: heir.lease };
        this.#open.set(frame.seq, { ...open, frame });
      } else if (lost.includes(job)) {
        this.#open.delete(seq);
        open.reject(new Abandoned("the lease is over"));
      }
    }
  }

  drop(reason: Error): void {
    for (const open of this.#open.values()) open.reject(reason);
    this.#open.clear();
  }
}

function demandFit(frame: Asking): void {
  const bytes = Buffer.byteLength(JSON.stringify(frame));
  if (bytes <= MAX_FRAME_BYTES) return;
  throw new JobError("too_large", `What the job found does not fit a frame (${bytes} bytes).`);
}
