/**
 * Figures out of the object's SQLite, for metrics: what waits, counted along an index and never row by row, and
 * counters that outlive it. Asked once a scrape and once a minute, never on an agent's behalf.
 */
import type { JobKind } from "#protocol";
import type { Needs } from "../ledger/ledger-types.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** Ready jobs of one sort. */
export interface ReadyGroup {
  kind: JobKind;
  needs: Needs;
  count: number;
  /** Since when the oldest of them waits. */
  oldest: number;
}

/** Ready jobs of one class, the one that waiting has lifted them to. */
export interface ClassGroup {
  needs: Needs;
  turn: number;
  count: number;
}

export interface FigureStore {
  ready(): ReadyGroup[];
  readyByClass(): ClassGroup[];
  /** Adds to the counters of these names. */
  count(counts: ReadonlyMap<string, number>): void;
  counters(): Record<string, number>;
}

export function createFigureStore(sql: Sql): FigureStore {
  return {
    ready: () =>
      sql
        .exec<ReadyGroup & Record<string, SqlValue>>(
          `select kind, needs, count(*) as count, min(waitingSince) as oldest from jobs indexed by jobs_since
           where state = 'ready' group by kind, needs`,
        )
        .toArray(),
    readyByClass: () =>
      sql
        .exec<ClassGroup & Record<string, SqlValue>>(
          `select needs, turn, count(*) as count from jobs indexed by jobs_next
           where state = 'ready' group by needs, turn`,
        )
        .toArray(),
    count: (counts) => {
      for (const [name, by] of counts) {
        sql.exec(
          `insert into counters (name, value) values (?, ?)
           on conflict (name) do update set value = value + excluded.value`,
          ...[name, by],
        );
      }
    },
    counters: () =>
      Object.fromEntries(
        sql
          .exec<{ name: string; value: number }>("select name, value from counters order by name")
          .toArray()
          .map(({ name, value }) => [name, value]),
      ),
  };
}
