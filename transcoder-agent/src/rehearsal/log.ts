/** Logs for tests: one that says nothing, and one that remembers its lines. */
import { createLog, type Log } from "../log.ts";

export const silentLog: Log = createLog({ level: "silent", format: "text" });

export function rememberingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level: "debug", format: "json", write: (line) => lines.push(line) }), lines };
}
