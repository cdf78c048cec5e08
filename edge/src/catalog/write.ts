/**
 * Writes a batch, which D1 runs as one transaction, and tries again when the link to D1 broke: D1 itself
 * repeats only reads. Every statement of the catalogue is therefore safe to run twice.
 */
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { SQLiteRaw } from "drizzle-orm/sqlite-core/query-builders/raw";
import type { Database } from "../db/client.ts";
import { isPassing } from "../http/passing.ts";

/** One write, not yet run. What belongs together goes into one batch, in its order. */
export type Statement = BatchItem<"sqlite">;
type Statements = Readonly<[BatchItem<"sqlite">, ...BatchItem<"sqlite">[]]>;

const ATTEMPTS = 3;
/** Milliseconds; doubles, with jitter. */
const FIRST_PAUSE_MS = 50;

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

/** As `writeBatch`, for any number of them: none is nothing to do. */
export async function writeAll(db: Database, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first !== undefined) await writeBatch(db, [first, ...rest]);
}

/** `db.run(sql`…`)` in a batch: drizzle 0.45 binds its parameters to a statement that it never prepared. */
function prepareRaw(db: Database, statement: BatchItem<"sqlite">): void {
  if (!(statement instanceof SQLiteRaw)) return;
  Object.assign(statement, { stmt: db.$client.prepare(statement.getQuery().sql) });
}
