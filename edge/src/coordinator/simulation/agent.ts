/**
 * A simulated agent: the agent's real connection, runner, questions and patience over a virtual link, with jobs
 * that only take their time. What befalls its process (killed, stopped, asked to end) is done to it from outside.
 */
import { Connection } from "../../../../transcoder-agent/src/connection.ts";
import { JobError } from "../../../../transcoder-agent/src/errors.ts";
import { leaseCapacity, NO_SLOTS } from "../../../../transcoder-agent/src/machine/free-slots.ts";
import { Gate } from "../../../../transcoder-agent/src/sending/gate.ts";
import type { Attempt, Fate } from "../../../../transcoder-agent/src/job.ts";
import { Runner } from "../../../../transcoder-agent/src/runner.ts";
import type { JobKind, Slots } from "#protocol";
import type { Film } from "./films.ts";
import type { Drains } from "./drains.ts";
import { workOff } from "./job.ts";
import type { Chance } from "./random.ts";
import type { Relay } from "./relay.ts";
import { Sending } from "./sending.ts";
import { createProcess, type Process, type World } from "./world.ts";

export interface AgentTraits {
  slots: Slots;
  kinds: JobKind[];
  /** Seconds of film a second. */
  speed: number;
  /** Milliseconds for what is at work when it is asked to end. */
  graceMs: number;
}

export interface Surroundings {
  world: World;
  relay: Relay;
  filmOf: (size: number) => Film | undefined;
  chance: Chance;
  /** A process ended: its links go with it. */
  ended: (process: Process) => void;
  /** A process died of a job. */
  died: (job: string) => void;
  drains: Drains;
}

/** Requests to storage at a time. */
const SENDING = 6;
/** Until somebody starts a process that died of its work. */
const RESTART_MS: readonly [number, number] = [2_000, 9_000];

export class SimAgent {
  readonly name: string;
  readonly id: string;
  readonly traits: AgentTraits;
  readonly #key: string;
  readonly #around: Surroundings;
  process: Process | null = null;
  /** Jobs take so many times as long. */
  slowness = 1;
  /** Tools hang. */
  hanging = false;
  trouble: JobError | null = null;
  clockOffset = 0;
  draining = false;
  /** Since when nothing has befallen it. */
  calmSince = Infinity;
  #runner: Runner | null = null;
  #connection: Connection | null = null;
  #boots = 0;
  /** When the jobs of this boot will have been worked off. */
  readonly #ends = new Map<string, number>();

  constructor(
    name: string,
    { id, key }: { id: string; key: string },
    traits: AgentTraits,
    around: Surroundings,
  ) {
    this.name = name;
    this.id = id;
    this.traits = traits;
    this.#key = key;
    this.#around = around;
  }

  /** What it could begin now, as it sees it; none while nobody hears it. */
  get freeSlots(): Slots {
    const awake = this.process !== null && this.process.held === null && this.#connection?.up === true;
    return awake ? (this.#runner?.freeSlots ?? NO_SLOTS) : NO_SLOTS;
  }

  /** Something would be lost with it. */
  get busy(): boolean {
    return (this.#runner?.held().length ?? 0) > 0;
  }

  /** Milliseconds that its longest job will still take. */
  get remainingMs(): number {
    return Math.max(0, ...this.#ends.values()) - this.#around.world.now;
  }

  get up(): boolean {
    return this.#connection?.up === true;
  }

  start(): void {
    if (this.process?.alive) return;
    const boot = `${this.name}.${(this.#boots += 1)}`;
    const process = createProcess(boot);
    process.clockOffset = this.clockOffset;
    this.process = process;
    this.draining = false;
    this.#ends.clear();
    this.calmSince = this.#around.world.now;
    this.#around.world.after(1, process, "starts", () => this.#run(boot, process));
  }

  /** SIGSTOP, and SIGCONT. */
  stop(): void {
    if (this.process) this.#around.world.freeze(this.process);
    this.calmSince = Infinity;
  }

  resume(): void {
    if (this.process) this.#around.world.thaw(this.process);
    this.calmSince = this.#around.world.now;
  }

  /** SIGKILL. */
  kill(): void {
    if (!this.process?.alive) return;
    this.#around.world.kill(this.process);
    this.#around.ended(this.process);
    this.#runner = null;
    this.#connection = null;
  }

  /** SIGTERM; a second one hurries. */
  terminate(): void {
    const { process } = this;
    if (!process?.alive) return;
    this.#around.world.after(0, process, "SIGTERM", () => {
      if (this.draining) return this.#runner?.hurry();
      this.draining = true;
      const held = this.#runner?.held() ?? [];
      if (this.up)
        this.#around.drains.begin(
          process,
          held.map(({ job }) => job),
        );
      void this.#drain(process);
    });
  }

  async #drain(process: Process): Promise<void> {
    await this.#runner?.drain(this.traits.graceMs);
    const { up, calmSince } = this;
    void this.#connection?.stop();
    this.#around.world.after(50, this.#around.world.system, `${process.name} exits`, () => {
      if (this.process !== process || !process.alive) return;
      this.#around.drains.end(process, calmSince, up);
      this.kill();
    });
  }

  #run(boot: string, process: Process): void {
    const { slots, kinds } = this.traits;
    const { relay, world } = this.#around;
    const log = quietLog((text) => world.note(`${boot} says: ${text}`));
    const connection = new Connection({
      url: "wss://edge/agent",
      key: this.#key,
      introduction: {
        ...{ agentVersion: "0.0.0", bootId: boot, label: this.name, slots: leaseCapacity(slots) },
        capabilities: {
          kinds,
          encoders: ["libx264"],
          ffmpeg: "7",
          cores: 4,
          memoryBytes: 1,
          platform: "simulated",
        },
      },
      log,
    });
    const gate = new Gate(SENDING);
    const sending = new Sending(relay, this.name);
    this.#connection = connection;
    const runner = new Runner({
      connection,
      capacity: slots,
      run: (attempt) => this.#work(attempt, process, { connection, gate, sending }),
      stopped: () => world.after(20, world.system, `${boot} gives up`, () => this.kill()),
      log,
    });
    this.#runner = runner;
    connection.start(runner);
  }

  #work(
    attempt: Attempt,
    process: Process,
    { connection, gate, sending }: { connection: Connection; gate: Gate; sending: Sending },
  ): Promise<Fate> {
    const { filmOf, chance, died } = this.#around;
    const { job, epoch } = attempt.grant.lease;
    const seconds = secondsOf(attempt.grant.recipe);
    const workMs = 150 + ((seconds * 1_000) / this.traits.speed) * this.slowness * chance.between(0.5, 1.5);
    this.#ends.set(job, this.#around.world.now + workMs);
    return workOff(attempt, {
      ...{ ask: (question) => connection.ask(question), gate, sending, filmOf },
      who: `${process.name} ${job} ${epoch}`,
      workMs: this.hanging ? Infinity : workMs,
      trouble: () => this.trouble,
      die: () => {
        died(job);
        this.#dieOf(process);
      },
    });
  }

  #dieOf(process: Process): void {
    const { world, chance } = this.#around;
    if (this.process !== process) return;
    this.kill();
    world.after(chance.between(...RESTART_MS), world.system, `${this.name} is started again`, () =>
      this.start(),
    );
  }
}

/** Seconds of picture or sound to be made. */
function secondsOf(recipe: Attempt["grant"]["recipe"]): number {
  if (recipe.kind === "video") return (recipe.segments[1] - recipe.segments[0]) * 4 * recipe.rungs.length;
  if (recipe.kind === "audio" && recipe.purpose === "track")
    return (recipe.segments[1] - recipe.segments[0]) * 0.4;
  return 1;
}

function quietLog(note: (text: string) => void) {
  const log = {
    debug: () => {},
    info: () => {},
    warn: (message: string) => note(message),
    error: (message: string) => note(message),
    with: () => log,
  };
  return log;
}
