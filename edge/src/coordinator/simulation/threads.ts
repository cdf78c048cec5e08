/**
 * Runs simulations in threads of their own, since each replaces its thread's clocks: one seed after the other in each,
 * so that all cores have something to do. For commands and tests.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { SECOND } from "../../config.ts";
import type { Choice, Outcome } from "./simulate.ts";

/** Real milliseconds: a seed takes a fraction of a second, and one that takes this long will never end. */
const HUNG_MS = 120 * SECOND;

export class Threads {
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  constructor(count: number) {
    for (let at = 0; at < count; at++) this.#idle.push(start());
  }

  async run(choice: Choice): Promise<Outcome> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
    const { outcome, alive } = await ask(worker, choice);
    const next = alive ? worker : start();
    const waiting = this.#waiting.shift();
    if (waiting) waiting(next);
    else this.#idle.push(next);
    return outcome;
  }

  /** Every seed, its outcome told as it comes; ends early where `told` answers false. */
  async runAll(choices: readonly Choice[], told: (outcome: Outcome) => boolean): Promise<void> {
    const lanes = Math.max(1, this.#idle.length);
    let next = 0;
    let stopped = false;
    const lane = async () => {
      for (let choice = choices[next++]; choice !== undefined && !stopped; choice = choices[next++]) {
        if (!told(await this.run(choice))) stopped = true;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.map((worker) => worker.terminate()));
  }
}

function start(): Worker {
  return new Worker(join(import.meta.dirname, "thread.ts"), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
}

function ask(worker: Worker, choice: Choice): Promise<{ outcome: Outcome; alive: boolean }> {
  return new Promise((resolve) => {
    const end = (outcome: Outcome, alive: boolean) => {
      clearTimeout(limit);
      worker.off("message", answered);
      worker.off("error", failed);
      if (!alive) void worker.terminate();
      resolve({ outcome, alive });
    };
    const answered = (outcome: Outcome) => end(outcome, true);
    const failed = (error: Error) => end(crashed(choice, error.stack ?? error.message), false);
    const limit = setTimeout(
      () => end(crashed(choice, `it is at it for ${HUNG_MS / SECOND} s`), false),
      HUNG_MS,
    );
    worker.on("message", answered);
    worker.on("error", failed);
    // A thread of Node has no origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker.postMessage(choice);
  });
}

function crashed({ seed }: Choice, text: string): Outcome {
  return {
    ...{ seed, steps: 0, trace: "", lines: [], jobs: 0, grants: 0, minutes: 0 },
    violation: { invariant: "nothing crashes", text, step: 0, at: 0 },
  };
}
