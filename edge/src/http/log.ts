/** JSON lines on the Worker's console, the only place where it is used. Queries of addresses are cut away. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFields = Record<string, string | number | boolean | null | undefined>;

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
const LONGEST_TEXT = 2_000;

export function logLine(
  threshold: LogLevel,
  level: Exclude<LogLevel, "silent">,
  message: string,
  fields: LogFields = {},
): void {
  if (RANK[level] < RANK[threshold]) return;
  const clean = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === "string" ? withoutQueries(value) : value,
    ]),
  );
  const line = JSON.stringify({
    time: new Date().toISOString(),
    level,
    message: withoutQueries(message),
    ...clean,
  });
  // oxlint-disable-next-line no-console -- the one place that writes lines
  console[level](line);
}

/** Signatures and keys live in queries. */
export function withoutQueries(text: string): string {
  return text.slice(0, LONGEST_TEXT).replaceAll(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, "$1?…");
}
