/**
 * Lines for people on a terminal, JSON otherwise. Every message and field is redacted on its way out: no signed
 * query, no key and no token is ever written.
 */
import { redact } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFields = Record<string, string | number | boolean | null | undefined>;

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  level: LogLevel;
  format: "text" | "json";
  /** Taken out wherever they appear, whatever they look like. */
  secrets?: readonly string[];
  write?: (line: string) => void;
}

export function createLog(options: LogOptions, bound: LogFields = {}): Log {
  const write = options.write ?? ((line: string) => process.stderr.write(`${line}\n`));
  const at =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields: LogFields = {}) => {
      if (RANK[level] < RANK[options.level]) return;
      write(lineOf(options, level, message, { ...bound, ...fields }));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog(options, { ...bound, ...fields }),
  };
}

function lineOf(
  { format, secrets = [] }: LogOptions,
  level: string,
  said: string,
  fields: LogFields,
): string {
  const message = redact(said, secrets);
  const clean = Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? redact(value, secrets) : value]),
  );
  if (format === "json") return JSON.stringify({ time: new Date().toISOString(), level, message, ...clean });
  const clock = new Date().toISOString().slice(11, 19);
  const tail = Object.entries(clean).map(([key, value]) => `${key}=${String(value)}`);
  return [clock, level === "info" ? "" : level, message, ...tail].filter((part) => part !== "").join(" ");
}
