/**
 * The SQLite of the Durable Object as the stores of this room see it: statements run at once, inside the
 * object's single thread. Tests run the same stores on node:sqlite.
 */
export type SqlValue = string | number | null;

export interface Sql {
  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): { toArray(): Row[] };
}

/** The only row, or the first of several. */
export function first<Row>(rows: { toArray(): Row[] }): Row | null {
  return rows.toArray()[0] ?? null;
}
