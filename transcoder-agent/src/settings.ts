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

/** Where settings stand, the strongest first. `file` is a settings file named by a flag. */
export async function gatherLayers(
  flags: Flags,
  { environment }: Surroundings,
  file?: string,
): Promise<Layer[]> {
  const named = file ?? environment["CAPCLOUD_CONFIG"];
  const path = named ?? join(configFolder(environment), "capcloud-agent.json");
  const inFile = await readSettingsFile(path, named !== undefined);
  return [
    (name) => found(flags[name], flagOf(name)),
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
