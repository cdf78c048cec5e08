/** Opens drizzle over D1. D1 has no interactive transactions: use `db.batch`, which is one. */
import { drizzle } from "drizzle-orm/d1";
import * as schema from "./schema.ts";

export type Database = ReturnType<typeof open>;

/** drizzle reads the whole schema each time it is opened, which took a third of a small request (measured). */
const opened = new WeakMap<D1Database, Database>();

/** The same for as long as the binding is, which is that of the isolate. */
export function openDatabase(binding: D1Database): Database {
  const known = opened.get(binding) ?? open(binding);
  opened.set(binding, known);
  return known;
}

function open(binding: D1Database) {
  return drizzle(binding, { schema });
}

/** Whether the first migration has been applied. Later ones show themselves where a statement fails. */
export async function hasSchema(binding: D1Database): Promise<boolean> {
  const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'files'";
  return (await binding.prepare(table).first()) !== null;
}
