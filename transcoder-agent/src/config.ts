/**
 * Where each setting comes from: flags over environment over file over defaults, checked once. A wrong value
 * is refused with a sentence that names the place it stands in. Used by `cli.ts` alone; reads no globals.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { RECONNECT, type ReconnectLimits } from "./ending.ts";
import type { LogOptions } from "./log.ts";
import type { Slots } from "./protocol.ts";

/** A setting is wrong or missing; the sentence says where and what to do. */
export class ConfigError extends Error {}

/** Flag (or key in the file) and environment variable of each setting. */
const SETTINGS = {
  edge: "CAPCLOUD_EDGE",
  key: "CAPCLOUD_KEY",
  keyFile: "CAPCLOUD_KEY_FILE",
  workspace: "CAPCLOUD_WORKSPACE",
  label: "CAPCLOUD_LABEL",
  slots: "CAPCLOUD_SLOTS",
  drainSeconds: "CAPCLOUD_DRAIN_SECONDS",
  reconnectSeconds: "CAPCLOUD_RECONNECT_SECONDS",
  logLevel: "LOG_LEVEL",
  logFormat: "LOG_FORMAT",
} as const;
export type SettingName = keyof typeof SETTINGS;
export type Flags = Partial<Record<SettingName, string | undefined>>;

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
}

export interface Surroundings {
  environment: NodeJS.ProcessEnv;
  /** Log lines go to a terminal. */
  terminal: boolean;
}

interface Found {
  value: string;
  /** As people know it: "--edge", "CAPCLOUD_EDGE", "edge in /home/…". */
  origin: string;
}

const seconds = z.coerce.number().nonnegative().max(86_400);
const SlotList = z.string().transform((text, context): Partial<Slots> => {
  const slots: Partial<Slots> = {};
  for (const entry of text.split(",")) {
    const match = /^\s*(gpu|cpu|io)\s*=\s*(\d{1,3})\s*$/.exec(entry);
    if (!match) {
      context.addIssue({
        code: "custom",
        message: 'write it as "cpu=2,io=4,gpu=0", leaving out what is to be found',
      });
      return z.NEVER;
    }
    slots[match[1] as keyof Slots] = Number(match[2]);
  }
  return slots;
});

/** The settings of one run, still as text. */
export class Settings {
  readonly #surroundings: Surroundings;
  readonly #layers: ((name: SettingName) => Found | null)[];

  private constructor(surroundings: Surroundings, layers: ((name: SettingName) => Found | null)[]) {
    this.#surroundings = surroundings;
    this.#layers = layers;
  }

  static async gather(flags: Flags, surroundings: Surroundings, file?: string): Promise<Settings> {
    const { environment } = surroundings;
    const named = file ?? environment["CAPCLOUD_CONFIG"];
    const path = named ?? join(configFolder(environment), "capcloud-agent.json");
    const inFile = await readSettingsFile(path, named !== undefined);
    return new Settings(surroundings, [
      (name) => found(flags[name], flagOf(name)),
      (name) => found(environment[SETTINGS[name]], SETTINGS[name]),
      (name) => found(inFile[name], `${name} in ${path}`),
    ]);
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
    if (edge.protocol === "http:" && !isLoopback(edge.hostname)) {
      warn(`${edge.origin} is not encrypted: others on the way can read this agent's key. Use https.`);
    }
    const reconnectMs = this.#read("reconnectSeconds", seconds);
    return {
      ...base,
      edge,
      door: new URL("agent", edge.href.replace(/\/*$/, "/")).href.replace(/^http/, "ws"),
      key,
      workspace: base.workspace ?? join(tmpdir(), `capcloud-agent-${nameOf(key)}`),
      label: (this.#read("label", z.string()) ?? hostname()).slice(0, 100),
      drainMs: (this.#read("drainSeconds", seconds) ?? 30) * 1_000,
      reconnect:
        reconnectMs === undefined
          ? RECONNECT
          : { firstMs: reconnectMs * 1_000, slowestMs: 2 * reconnectMs * 1_000 },
    };
  }

  #edge(): URL {
    const schema = z.url({
      protocol: /^(https?|wss?)$/,
      error: "give an address such as https://files.example.com",
    });
    const text = this.#read("edge", schema);
    if (text === undefined) {
      throw new ConfigError(
        "Which edge is this agent for? Give --edge https://files.example.com, or CAPCLOUD_EDGE.",
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
      "This agent has no key. Make one at the edge, then give it in CAPCLOUD_KEY or in a file named by CAPCLOUD_KEY_FILE.",
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

function found(value: string | undefined, origin: string): Found | null {
  return value === undefined || value === "" ? null : { value, origin };
}

function flagOf(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function configFolder(environment: NodeJS.ProcessEnv): string {
  return environment["XDG_CONFIG_HOME"] ?? environment["APPDATA"] ?? join(homedir(), ".config");
}

const FileSettings = z.record(z.string(), z.union([z.string(), z.number()]).transform(String));

async function readSettingsFile(path: string, named: boolean): Promise<Record<string, string>> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) {
    if (named) throw new ConfigError(`The settings file ${path} cannot be read.`);
    return {};
  }
  try {
    return FileSettings.parse(JSON.parse(text));
  } catch {
    throw new ConfigError(`${path} must hold one JSON object with ${Object.keys(SETTINGS).join(", ")}.`);
  }
}

async function readKeyFile(
  { value: path, origin }: Found,
  warn: (sentence: string) => void,
): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) throw new ConfigError(`The key file ${path} (${origin}) cannot be read.`);
  const { mode } = await stat(path);
  // Windows has no such bits.
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    warn(`${path} can be read by other users of this machine: chmod 600 ${path}`);
  }
  return text.trim();
}

function checkKey({ value, origin }: Found): string {
  if (/^[\x21-\x7e]{8,512}$/.test(value)) return value;
  throw new ConfigError(`The key in ${origin} is no agent key: it is one word, as the edge showed it.`);
}

/** Names the agent without giving its key away. */
function nameOf(key: string): string {
  const id = /^cca_([A-Za-z0-9-]{1,40})_/.exec(key)?.[1];
  return id ?? createHash("sha256").update(key).digest("hex").slice(0, 12);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host.startsWith("127.");
}
