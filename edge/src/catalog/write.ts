/**
 * Writes a batch, which D1 runs as one transaction, and tries again when the link to D1 broke: D1 itself
 * repeats only reads. Every statement of the catalogue is therefore safe to run twice.
 */
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { SQLiteRaw } from "drizzle-orm/sqlite-core/query-builders/raw";
import type { Database } from "../db/client.ts";

type Statements = Readonly<[BatchItem<"sqlite">, ...BatchItem<"sqlite">[]]>;

const ATTEMPTS = 3;
/** Milliseconds; doubles, with jitter. */
const FIRST_PAUSE_MS = 50;
/** Texts of D1 errors after which a repeat may pass (developers.cloudflare.com/d1/observability/debug-d1). */
const PASSING =
  /network connection lost|storage caused object to be reset|reset because its code was updated|cannot resolve D1 DB due to transient issue|overloaded|D1 DB is .* try again/i;

export async function writeBatch<S extends Statements>(
  db: Database,
  statements: S,
): Promise<BatchResponse<S>> {
  for (const statement of statements) prepareRaw(db, statement);
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.batch(statements);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isPassing(error)) throw error;
      const pause = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** `db.run(sql`…`)` in a batch: drizzle 0.45 binds its parameters to a statement that it never prepared. */
function prepareRaw(db: Database, statement: BatchItem<"sqlite">): void {
  if (!(statement instanceof SQLiteRaw)) return;
  Object.assign(statement, { stmt: db.$client.prepare(statement.getQuery().sql) });
}

export function isPassing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (PASSING.test(cause.message)) return true;
  }
  return false;
}
