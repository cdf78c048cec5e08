/**
 * What the settings mean, checked once, with their defaults. A wrong value is refused with a sentence that
 * names the place it stands in. Used by `cli.ts` alone.
 */
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { checkKey, nameOf, readKeyFile } from "./settings/agent-key.ts";
import { RECONNECT, type ReconnectLimits } from "./link/ending.ts";
import type { LogOptions } from "./log.ts";
import type { Slots } from "./protocol.ts";
import type { RestRules } from "./rest/resting.ts";
import {
  Door,
  HourList,
  idleSeconds,
  onOff,
  seconds,
  SlotList,
  type HealthDoor,
} from "./settings/setting-values.ts";
import {
  ConfigError,
  configFolder,
  gatherLayers,
  settingsFile,
  type Flags,
  type Layer,
  type SettingName,
  type Surroundings,
} from "./settings/settings.ts";

/** Longer than most rectangles take, shorter than people wait for their machine. */
const REST_GRACE_SECONDS = 120;

/** What every command needs. */
export interface BaseConfig {
  log: LogOptions;
  slots: Partial<Slots>;
  /** What was learnt about this machine is kept here. */
  cacheDir: string;
  /** Null: a folder in the system's temp folder. */
  workspace: string | null;
}

/** What a running agent needs. */
export interface AgentConfig extends BaseConfig {
  edge: URL;
  /** Where the agent door is: `wss://…/agent`. */
  door: string;
  key: string;
  workspace: string;
  label: string;
  drainMs: number;
  reconnect: ReconnectLimits;
  rest: RestRules;
  /** Null: stays, however long there is nothing to do. */
  exitWhenIdleMs: number | null;
  health: HealthDoor | null;
  allowRoot: boolean;
}

/** What `enroll` needs. */
export interface EnrolConfig {
  edge: URL;
  label: string;
  /** Where the key goes, if that was said. */
  keyFile: string | null;
  /** Where the settings go. */
  settingsFile: string;
  /** Where programs of this user keep their settings. */
  folder: string;
  allowRoot: boolean;
}

/** The settings of one run, still as text. */
export class Settings {
  readonly #surroundings: Surroundings;
  readonly #layers: Layer[];
  readonly #file: string | undefined;

  private constructor(surroundings: Surroundings, layers: Layer[], file: string | undefined) {
    this.#surroundings = surroundings;
    this.#layers = layers;
    this.#file = file;
  }

  /** `file` is one named by a flag. */
  static async gather(flags: Flags, surroundings: Surroundings, file?: string): Promise<Settings> {
    return new Settings(surroundings, await gatherLayers(flags, surroundings, file), file);
  }

  base(): BaseConfig {
    const { environment, terminal } = this.#surroundings;
    return {
      log: {
        level: this.#read("logLevel", z.enum(["debug", "info", "warn", "error", "silent"])) ?? "info",
        format: this.#read("logFormat", z.enum(["text", "json"])) ?? (terminal ? "text" : "json"),
      },
      slots: this.#read("slots", SlotList) ?? {},
      cacheDir: join(environment["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "capcloud-agent"),
      workspace: this.#read("workspace", z.string()) ?? null,
    };
  }

  /** Everything for a running agent; `warn` hears of what is allowed and unwise. */
  async agent(warn: (sentence: string) => void): Promise<AgentConfig> {
    const base = this.base();
    const edge = this.#edge();
    const key = await this.#key(warn);
    warnOfPlainText(edge, warn);
    const idle = this.#read("exitWhenIdle", idleSeconds);
    const reconnectMs = this.#read("reconnectSeconds", seconds);
    return {
      ...base,
      edge,
      door: new URL("agent", edge.href.replace(/\/*$/, "/")).href.replace(/^http/, "ws"),
      key,
      workspace: base.workspace ?? join(tmpdir(), `capcloud-agent-${nameOf(key)}`),
      label: this.#label(),
      drainMs: (this.#read("drainSeconds", seconds) ?? 30) * 1_000,
      reconnect:
        reconnectMs === undefined
          ? RECONNECT
          : { firstMs: reconnectMs * 1_000, slowestMs: 2 * reconnectMs * 1_000 },
      rest: {
        hours: this.#read("hours", HourList) ?? null,
        whenGpuBusy: this.#read("pauseWhenGpuBusy", onOff) ?? false,
        onBattery: this.#read("pauseOnBattery", onOff) ?? false,
        graceMs: (this.#read("restGraceSeconds", seconds) ?? REST_GRACE_SECONDS) * 1_000,
      },
      exitWhenIdleMs: idle === undefined ? null : idle * 1_000,
      health: this.#read("healthPort", Door) ?? null,
      allowRoot: this.#allowRoot(),
    };
  }

  /** For `enroll`, which needs no key yet. */
  enrol(warn: (sentence: string) => void): EnrolConfig {
    const { environment } = this.#surroundings;
    const edge = this.#edge();
    warnOfPlainText(edge, warn);
    return {
      edge,
      label: this.#label(),
      keyFile: this.#read("keyFile", z.string()) ?? null,
      settingsFile: settingsFile(environment, this.#file).path,
      folder: configFolder(environment),
      allowRoot: this.#allowRoot(),
    };
  }

  /** A setting as it was given, for a service that is to be started with it; null: not given. */
  given(name: SettingName): string | null {
    return this.#read(name, z.string()) ?? null;
  }

  #allowRoot(): boolean {
    return this.#read("allowRoot", onOff) ?? false;
  }

  #label(): string {
    return (this.#read("label", z.string()) ?? hostname()).slice(0, 100);
  }

  #edge(): URL {
    const schema = z.url({
      protocol: /^(https?|wss?)$/,
      error: "give an address such as https://files.example.com",
    });
    const text = this.#read("edge", schema);
    if (text === undefined) {
      throw new ConfigError(
        "Which edge is this agent for? Begin with `capcloud-agent enroll --edge https://files.example.com`, or give --edge (or CAPCLOUD_EDGE) and a key.",
      );
    }
    return new URL(text.replace(/^ws/, "http"));
  }

  async #key(warn: (sentence: string) => void): Promise<string> {
    for (const layer of this.#layers) {
      const key = layer("key");
      if (key?.origin === "--key")
        warn("A key given by --key can be seen in `ps`: prefer CAPCLOUD_KEY or --key-file.");
      if (key) return checkKey(key);
      const file = layer("keyFile");
      if (file) return checkKey({ value: await readKeyFile(file, warn), origin: file.value });
    }
    throw new ConfigError(
      "This agent has no key. Get one with `capcloud-agent enroll`, or make one at the edge and give it in CAPCLOUD_KEY or in a file named by CAPCLOUD_KEY_FILE.",
    );
  }

  #read<T>(name: SettingName, schema: z.ZodType<T>): T | undefined {
    for (const layer of this.#layers) {
      const setting = layer(name);
      if (setting === null) continue;
      const parsed = schema.safeParse(setting.value);
      if (parsed.success) return parsed.data;
      throw new ConfigError(`${setting.origin} is wrong: ${parsed.error.issues[0]?.message ?? "unknown"}.`);
    }
    return undefined;
  }
}

function warnOfPlainText(edge: URL, warn: (sentence: string) => void): void {
  if (edge.protocol !== "http:" || isLoopback(edge.hostname)) return;
  warn(`${edge.origin} is not encrypted: others on the way can read this agent's key. Use https.`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host.startsWith("127.");
}
