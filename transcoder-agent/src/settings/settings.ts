/**
 * Settings as text, each from the first place that has it: flags, environment, file. `config.ts` gives them
 * meaning. Reads the settings file and nothing else.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** A setting is wrong or missing; the sentence says where and what to do. */
export class ConfigError extends Error {}

/** Flag (or key in the file) and environment variable of each setting. */
export const SETTINGS = {
  edge: "CAPCLOUD_EDGE",
  key: "CAPCLOUD_KEY",
  keyFile: "CAPCLOUD_KEY_FILE",
  workspace: "CAPCLOUD_WORKSPACE",
  label: "CAPCLOUD_LABEL",
  slots: "CAPCLOUD_SLOTS",
  drainSeconds: "CAPCLOUD_DRAIN_SECONDS",
  reconnectSeconds: "CAPCLOUD_RECONNECT_SECONDS",
  hours: "CAPCLOUD_HOURS",
  pauseWhenGpuBusy: "CAPCLOUD_PAUSE_WHEN_GPU_BUSY",
  pauseOnBattery: "CAPCLOUD_PAUSE_ON_BATTERY",
  restGraceSeconds: "CAPCLOUD_REST_GRACE_SECONDS",
  exitWhenIdle: "CAPCLOUD_EXIT_WHEN_IDLE",
  healthPort: "CAPCLOUD_HEALTH",
  allowRoot: "CAPCLOUD_ALLOW_ROOT",
  logLevel: "LOG_LEVEL",
  logFormat: "LOG_FORMAT",
} as const;
export type SettingName = keyof typeof SETTINGS;
/** A flag without a value is true. */
export type Flags = Partial<Record<SettingName, string | true | undefined>>;

export interface Surroundings {
  environment: NodeJS.ProcessEnv;
  /** Log lines go to a terminal. */
  terminal: boolean;
}

export interface Found {
  value: string;
  /** As people know it: "--edge", "CAPCLOUD_EDGE", "edge in /home/…". */
  origin: string;
}

export type Layer = (name: SettingName) => Found | null;

/** Where the settings file is; `named` by a flag or a variable. */
export function settingsFile(
  environment: NodeJS.ProcessEnv,
  file?: string,
): { path: string; named: boolean } {
  const named = file ?? environment["CAPCLOUD_CONFIG"];
  return {
    path: named ?? join(configFolder(environment), "capcloud-agent.json"),
    named: named !== undefined,
  };
}

/** Where settings stand, the strongest first. `file` is a settings file named by a flag. */
export async function gatherLayers(
  flags: Flags,
  { environment }: Surroundings,
  file?: string,
): Promise<Layer[]> {
  const { path, named } = settingsFile(environment, file);
  const inFile = await readSettingsFile(path, named);
  return [
    (name) => found(flags[name] === true ? "true" : flags[name], flagOf(name)),
    (name) => found(environment[SETTINGS[name]], SETTINGS[name]),
    (name) => found(inFile[name], `${name} in ${path}`),
  ];
}

function found(value: string | undefined, origin: string): Found | null {
  return value === undefined || value === "" ? null : { value, origin };
}

function flagOf(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The folder for settings of this user's programs. */
export function configFolder(environment: NodeJS.ProcessEnv): string {
  return environment["XDG_CONFIG_HOME"] ?? environment["APPDATA"] ?? join(homedir(), ".config");
}

const FileSettings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

export async function readSettingsFile(path: string, named: boolean): Promise<Record<string, string>> {
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
