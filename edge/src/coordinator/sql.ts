/**
 * The SQLite of the Durable Object as the stores of this room see it: statements run at once, inside the
 * object's single thread. Tests run the same stores on node:sqlite.
 */
export type SqlValue = string | number | null;

export interface Sql {
  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): { toArray(): Row[] };
}

/** Rows and columns are ours, so their shape is trusted; what they hold as JSON was checked when it came in. */
export function parseJson<T>(text: string): T {
  return JSON.parse(text) as T;
}

export function first<Row extends Record<string, SqlValue>>(
  sql: Sql,
  query: string,
  ...bindings: SqlValue[]
): Row | null {
  return sql.exec<Row>(query, ...bindings).toArray()[0] ?? null;
}
