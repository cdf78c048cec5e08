/**
 * What the code brings upon itself: exceptions that nobody caught, and those that somebody caught and logged as an
 * error, or answered a request with, so that only this would notice. What faults say is not among them. Replaces the
 * console of its thread while it listens.
 */
import type { Complain } from "./violation.ts";

/**
 * Words of injected faults, as `bucket.ts`, `catalogue.ts` and `object.ts` have them. A statement that failed is
 * wrapped in its text; one that SQLite refused is noticed by `catalogue.ts`.
 */
const INJECTED = /\(10001\)|D1_ERROR: Network connection lost|code was updated|^Failed query/;
/** Lines of the daily sweep that are for people: what the storage lost, and orphans that are too many. */
const EXPECTED: readonly string[] = ["object missing", "orphans"];

export function isInjected(error: unknown): boolean {
  return INJECTED.test(error instanceof Error ? error.message : String(error));
}

/** Until the answered function is called. `verbose`: lines are printed as well. */
export function listenForCrashes(complain: Complain, verbose: boolean): () => void {
  const crashed = (error: unknown) => complain("nothing crashes", wordsOf(error));
  const { error: print } = console;
  // Lines of the log, as `http/log.ts` writes them: nothing else here has a word for the console.
  const judge = (line: unknown) => {
    if (verbose) print(line);
    const { message, error } = JSON.parse(String(line)) as { message: string; error?: string };
    if (EXPECTED.includes(message) || isInjected(error ?? "")) return;
    complain("nothing crashes", `${message}: ${error ?? String(line)}`);
  };
  Object.assign(console, { error: judge });
  process.on("unhandledRejection", crashed);
  return () => {
    process.off("unhandledRejection", crashed);
    Object.assign(console, { error: print });
  };
}

/** For whoever looks at a failure. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
