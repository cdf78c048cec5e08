/**
 * How the process ends: exit codes, and what is said when a command cannot do its work. Used by `cli.ts` and its
 * commands; nothing an error holds is printed before it was redacted.
 */
import { inspect } from "node:util";
import type { AgentEnd } from "../agent.ts";
import { EnrolmentError } from "../enrolment.ts";
import { redact } from "../redact.ts";
import { ConfigError } from "../settings/settings.ts";
import { WorkspaceError } from "../workspace.ts";

/** As the help tells them. */
export const EXIT = {
  drained: 0,
  failed: 1,
  unreachable: 1,
  usage: 2,
  refused: 3,
  incapable: 4,
  outdated: 5,
} as const satisfies Record<AgentEnd | "failed" | "usage", number>;

/** Runs a command to its exit code; what it could not do is one sentence, not a stack. */
export async function answer(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const known = error instanceof ConfigError || error instanceof WorkspaceError;
    if (!known && !(error instanceof EnrolmentError)) throw error;
    process.stderr.write(`${redact(error.message)}\n`);
    process.exitCode = known ? EXIT.usage : error.kind === "declined" ? EXIT.refused : EXIT.failed;
  }
}

/** commander has said what is wrong by now; help and version are no errors. */
export function usageError(error: unknown): void {
  const code =
    typeof error === "object" && error !== null && "exitCode" in error ? error.exitCode : undefined;
  if (code === undefined) throw error;
  process.exitCode = code === 0 ? 0 : EXIT.usage;
}

/** What nobody foresaw ends the process as it would anyway, but without the addresses and keys it may hold. */
export function redactLastWords(): void {
  const say = (error: unknown) => {
    // Whoever read our words has closed the pipe (`capcloud-agent --help | head`).
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(EXIT.drained);
    process.stderr.write(`${redact(inspect(error))}\n`);
    process.exit(EXIT.failed);
  };
  process.on("uncaughtException", say);
  process.on("unhandledRejection", say);
}
