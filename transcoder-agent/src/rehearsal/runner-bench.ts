/** A runner for tests with a real connection, whose jobs run until the test ends them. */
import { Connection } from "../connection.ts";
import type { Attempt } from "../job.ts";
import type { Slots } from "../protocol.ts";
import { Runner } from "../runner.ts";
import { RehearsalCoordinator } from "./coordinator.ts";
import { introduction } from "./introduction.ts";
import { silentLog } from "./log.ts";
import { until } from "./until.ts";

/** A job in the hands of the test: runs until it is told to end, or until its signal is aborted. */
export class Running {
  readonly attempt: Attempt;
  finish: () => void = () => {};
  /** Cleans up only when told. */
  tidy: () => void = () => {};
  readonly done: Promise<void>;

  constructor(attempt: Attempt, slowToTidy: boolean) {
    this.attempt = attempt;
    this.done = new Promise((resolve) => {
      this.finish = this.tidy = resolve;
      if (!slowToTidy) attempt.signal.addEventListener("abort", () => resolve());
    });
  }

  get reason(): unknown {
    return this.attempt.signal.reason;
  }
}

export class RunnerBench {
  readonly coordinator: RehearsalCoordinator;
  readonly jobs = new Map<string, Running>();
  /** Sentences with which the edge stopped the agent. */
  readonly endings: string[] = [];
  /** Dropped jobs end only when they are told to. */
  slowToTidy = false;
  connection!: Connection;
  runner!: Runner;

  private constructor(coordinator: RehearsalCoordinator) {
    this.coordinator = coordinator;
  }

  static async create(): Promise<RunnerBench> {
    return new RunnerBench(await RehearsalCoordinator.start());
  }

  /** Connects an agent with so many slots and waits until it is ready. */
  async start(capacity: Slots = { gpu: 0, cpu: 2, io: 1 }, more: { cutOffMs?: number } = {}): Promise<void> {
    this.connection = new Connection({
      url: this.coordinator.url,
      key: "key",
      introduction: introduction(capacity),
      log: silentLog,
      reconnect: { firstMs: 2, slowestMs: 10 },
      ...more,
    });
    this.runner = new Runner({
      connection: this.connection,
      capacity,
      run: (attempt) => {
        const running = new Running(attempt, this.slowToTidy);
        const { job, epoch } = attempt.grant.lease;
        this.jobs.set(`${job} ${epoch}`, running);
        return running.done.then(() => "done" as const);
      },
      stopped: ({ sentence }) => this.endings.push(sentence),
      log: silentLog,
      progressGapMs: 20,
    });
    this.connection.start(this.runner);
    await this.coordinator.nth("ready");
  }

  async job(name: string, epoch = 1): Promise<Running> {
    return until(`job ${name}`, () => this.jobs.get(`${name} ${epoch}`));
  }

  get lastReady(): Slots | undefined {
    return this.coordinator.of("ready").at(-1)?.slots;
  }

  async readyIs(slots: Slots): Promise<void> {
    const wanted = JSON.stringify(slots);
    await until(`ready ${wanted}`, () => JSON.stringify(this.lastReady) === wanted);
  }

  async stop(): Promise<void> {
    for (const job of this.jobs.values()) job.tidy();
    await this.runner.ended();
    await this.connection.stop();
    await this.coordinator.stop();
  }
}
