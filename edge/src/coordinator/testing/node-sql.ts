/** The object's SQLite for tests without workerd: the same statements on node:sqlite, in memory. */
import { DatabaseSync } from "node:sqlite";
import { openLedger, type LedgerStore } from "../store/ledger-store.ts";
import type { Sql } from "../store/sql.ts";

export function openTestLedger(): { store: LedgerStore; sql: Sql } {
  const database = new DatabaseSync(":memory:");
  const sql: Sql = {
    exec: (query, ...bindings) => {
      if (bindings.length === 0 && query.trim().split(";").length > 2) {
        database.exec(query);
        return { toArray: () => [] };
      }
      const rows = database.prepare(query).all(...bindings);
      return { toArray: () => rows as never };
    },
  };
  return { store: openLedger(sql), sql };
}

/** Everything that the jobs, claims and outbox tables hold: equal before and after what must change nothing. */
export function stateOf(sql: Sql): string {
  const tables = ["jobs", "parents", "claims", "outbox", "files"];
  return JSON.stringify(tables.map((table) => sql.exec(`select * from ${table}`).toArray()));
}
