/**
 * Agents that lost a lease and have not said hello since. Written by turns that lose a lease, ended by hellos, here or
 * in another pool, and by the end of the key; read by `absences.ts`.
 */
import { first, type Sql } from "../store/sql.ts";

/** One of an agent's absences: it may have come back since, and be away again. */
export interface Absence {
  agentId: string;
  /** When the first of its leases ended. */
  since: number;
}

export interface LostAgent extends Absence {
  /** Leases that it lost so far. */
  leases: number;
}

export interface AbsenceStore {
  /** A lease of it was lost. */
  begin(agentId: string, now: number): void;
  end(agentId: string): void;
  /** Those that began before, oldest first. */
  untold(before: number, limit: number): LostAgent[];
  noteTold(absence: Absence): void;
}

export function createAbsenceStore(sql: Sql): AbsenceStore {
  return {
    begin: (agentId, now) =>
      void sql.exec(
        `insert into absences (agentId, since, leases, told) values (?, ?, 1, 0)
         on conflict (agentId) do update set leases = leases + 1`,
        agentId,
        now,
      ),
    // A hello in the ordinary way writes nothing.
    end: (agentId) => {
      if (first(sql.exec("select 1 from absences where agentId = ?", agentId))) {
        sql.exec("delete from absences where agentId = ?", agentId);
      }
    },
    untold: (before, limit) =>
      sql
        .exec<Row>(
          "select agentId, since, leases from absences where told = 0 and since <= ? order by since limit ?",
          before,
          limit,
        )
        .toArray(),
    noteTold: ({ agentId, since }) =>
      void sql.exec("update absences set told = 1 where agentId = ? and since = ?", agentId, since),
  };
}
type Row = LostAgent & Record<string, string | number>;
