/**
 * What one job asks the coordinator, in its lease's present name: signed addresses and the fate of its
 * report. Turns refusals into errors of the job. Used by `job.ts`, `uploads.ts` and for inputs.
 */
import { abortable, pause } from "../abort.ts";
import { Abandoned, JobError } from "../errors.ts";
import type { Answer, Question } from "./outstanding.ts";
import type { Complete, Fail, LeaseRef, Sign, Signed } from "../protocol.ts";

export type Ask = (question: Question) => Promise<Answer>;
type Wishes = Partial<Pick<Sign, "inputs" | "outputs" | "parts">>;
export type Verdict = { accepted: true } | { accepted: false; stale: boolean; message: string };

/** Milliseconds before each further try after an `error`. */
const ERROR_WAITS_MS = [500, 2_000, 5_000];

export class Asking {
  readonly #ask: Ask;
  readonly #lease: () => LeaseRef;
  readonly #signal: AbortSignal | undefined;

  /**
   * `lease` may change under a running job: an adopted one has a new epoch and secret. With `signal`, an
   * answer is waited for only until it is aborted: while the line is away there is none.
   */
  constructor(ask: Ask, lease: () => LeaseRef, signal?: AbortSignal) {
    this.#ask = ask;
    this.#lease = lease;
    this.#signal = signal;
  }

  /** An `error` means that the coordinator could not do it now, so it is asked a few times. */
  async #persist(question: () => Question): Promise<Answer> {
    const signal = this.#signal ?? new AbortController().signal;
    for (const wait of ERROR_WAITS_MS) {
      const answer = await abortable(this.#ask(question()), signal);
      if (answer.type !== "error") return answer;
      await pause(wait, signal);
    }
    return abortable(this.#ask(question()), signal);
  }

  async sign({ inputs = [], outputs = [], parts = [] }: Wishes): Promise<Signed> {
    const answer = await this.#persist(() => ({
      type: "sign",
      lease: this.#lease(),
      inputs,
      outputs,
      parts,
    }));
    if (answer.type === "signed") return answer;
    if (answer.type === "refused" && answer.reason === "stale") throw new Abandoned("the lease is over");
    const message = answer.type === "accepted" ? "The edge answered with no addresses." : answer.message;
    throw new JobError("crashed", `The edge signed no addresses: ${message}`);
  }

  /** A fresh address of one input. */
  async input(name: string): Promise<string> {
    const url = (await this.sign({ inputs: [name] })).inputs[name];
    if (url === undefined)
      throw new JobError("source_gone", `The edge has no input named ${name} for this job.`);
    return url;
  }

  async complete(report: Pick<Complete, "objects" | "result">): Promise<Verdict> {
    return verdict(await this.#persist(() => ({ type: "complete", lease: this.#lease(), ...report })));
  }

  async fail(report: Pick<Fail, "class" | "code" | "message">): Promise<Verdict> {
    return verdict(await this.#persist(() => ({ type: "fail", lease: this.#lease(), ...report })));
  }

  async release(): Promise<Verdict> {
    return verdict(await this.#persist(() => ({ type: "release", lease: this.#lease() })));
  }
}

function verdict(answer: Answer): Verdict {
  if (answer.type === "accepted") return { accepted: true };
  const message = answer.type === "signed" ? "an answer to something else" : answer.message;
  return { accepted: false, stale: answer.type === "refused" && answer.reason === "stale", message };
}
