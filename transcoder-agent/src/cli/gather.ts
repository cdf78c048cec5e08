/** The settings of this process, for each command alike. */
import { Settings } from "../config.ts";
import type { Flags } from "../settings/settings.ts";

export interface Options extends Flags {
  config?: string;
}

export function gather({ config, ...flags }: Options): Promise<Settings> {
  return Settings.gather(flags, { environment: process.env, terminal: process.stderr.isTTY }, config);
}
