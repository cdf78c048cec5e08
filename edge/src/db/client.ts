/** Opens drizzle over D1. D1 has no interactive transactions: use `db.batch`, which is one. */
import { drizzle } from "drizzle-orm/d1";
import * as schema from "./schema.ts";

export type Database = ReturnType<typeof openDatabase>;

export function openDatabase(binding: D1Database) {
  return drizzle(binding, { schema });
}

/** Whether the first migration has been applied. Later ones show themselves where a statement fails. */
export async function hasSchema(binding: D1Database): Promise<boolean> {
  const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'files'";
  return (await binding.prepare(table).first()) !== null;
}
