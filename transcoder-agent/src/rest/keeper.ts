/**
 * Looks every few seconds whether the agent should rest, and tells whoever wants to know when that changes.
 * A thin poller over `restAt`; started by `agent.ts`, knows no jobs and no connection.
 */
import { freeBytes } from "../machine/disk.ts";
import type { Log } from "../log.ts";
import { CALM, moodAfter } from "./gpu-use.ts";
import { findGpuSight, type GpuSight } from "./gpu-sight.ts";
import { localTime } from "./hours.ts";
import { onBattery } from "./power.ts";
import { restAt, type Rest, type RestRules } from "./resting.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 10_000;

export interface Readings {
  now: () => Date;
  gpu: GpuSight;
  onBattery: () => Promise<boolean | null>;
  diskFree: () => Promise<number>;
}

export interface KeeperOptions {
  rules: RestRules;
  readings: Readings;
  /** This agent has jobs. */
  working: () => boolean;
  changed: (rest: Rest | null) => void;
  log: Log;
  lookMs?: number;
}

/** What this machine says; the GPU is asked only where a rule is about it. */
export async function readingsOf(rules: RestRules, workspace: string): Promise<Readings> {
  const blind: GpuSight = { by: null, read: async () => null };
  return {
    now: () => new Date(),
    gpu: rules.whenGpuBusy ? await findGpuSight() : blind,
    onBattery: () => (rules.onBattery ? onBattery() : Promise.resolve(null)),
    diskFree: () => freeBytes(workspace),
  };
}

export class Keeper {
  readonly #options: KeeperOptions;
  #rest: Rest | null = null;
  #mood = CALM;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Answers after the first look, so that no job is taken before it. */
  async start(): Promise<void> {
    const { rules, readings, log } = this.#options;
    if (rules.whenGpuBusy && readings.gpu.by === null) {
      log.warn("whether the GPU is busy cannot be told on this machine: --pause-when-gpu-busy does nothing");
    }
    await this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      await this.#decide();
    } catch (error) {
      this.#options.log.debug("it could not be told whether to rest", { reason: String(error) });
    }
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#look(), this.#options.lookMs ?? LOOK_MS);
    }
  }

  async #decide(): Promise<void> {
    const { rules, readings, working, changed, log } = this.#options;
    if (rules.whenGpuBusy) this.#mood = moodAfter(this.#mood, await readings.gpu.read(working()));
    const rest = restAt(
      rules,
      {
        at: localTime(readings.now()),
        gpuBusy: this.#mood.busy,
        onBattery: await readings.onBattery(),
        diskFreeBytes: await readings.diskFree(),
      },
      this.#rest,
    );
    if (rest?.reason === this.#rest?.reason || this.#stopped) return;
    log.info(rest === null ? "back at work" : "resting", { reason: rest?.reason });
    this.#rest = rest;
    changed(rest);
  }
}
