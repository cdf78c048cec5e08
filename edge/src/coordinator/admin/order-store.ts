/**
 * How the operator wants each agent, as last told, and why one was turned away at the door. The catalogue has the
 * former too; here it stands so that a word that overtook another is known for what it is.
 */
import { first, type Sql, type SqlValue } from "../store/sql.ts";
import { AgentOrder, newerOrder } from "./orders.ts";

export interface Refused {
  agentId: string;
  /** For people: what to update. */
  message: string;
  version: string | null;
  at: number;
}

export interface OrderStore {
  find(agentId: string): AgentOrder | null;
  /** Answers the order that holds: this one, or a newer one that was told before. */
  note(order: AgentOrder): AgentOrder;
  refuse(refused: Refused): void;
  /** It was welcomed since. */
  forgive(agentId: string): void;
  refusals(): Refused[];
}

export function createOrderStore(sql: Sql): OrderStore {
  const find = (agentId: string) => {
    const row = first(sql.exec("select * from orders where agentId = ?", agentId));
    return row && AgentOrder.parse(row);
  };
  return {
    find,
    note: (order) => {
      const known = find(order.agentId);
      const newest = newerOrder(known, order);
      if (newest !== known) {
        sql.exec(
          "insert or replace into orders (agentId, tier, state, changedAt) values (?, ?, ?, ?)",
          ...[newest.agentId, newest.tier, newest.state, newest.changedAt],
        );
      }
      return newest;
    },
    refuse: ({ agentId, message, version, at }) =>
      void sql.exec(
        "insert or replace into refusals (agentId, message, version, at) values (?, ?, ?, ?)",
        ...[agentId, message, version, at],
      ),
    forgive: (agentId) => void sql.exec("delete from refusals where agentId = ?", agentId),
    refusals: () => sql.exec<RefusalRow>("select * from refusals").toArray(),
  };
}
type RefusalRow = Refused & Record<string, SqlValue>;
