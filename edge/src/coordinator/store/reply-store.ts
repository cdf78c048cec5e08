/**
 * The last replies to each agent, so that a frame that comes again gets the same answer and changes nothing.
 * Replies with secrets or signed addresses are never written here: they live in memory only (`replies.ts`).
 */
import { first, type Sql } from "./sql.ts";

/** Replies kept of one boot: an agent repeats its latest frames, never old ones. */
const KEPT = 256;
/** Older ones go now and then, not with every frame: one in so many. */
const TIDIED = 16;

export interface ReplyStore {
  find(agentId: string, bootId: string, seq: number): string | null;
  /** The highest number of a frame whose reply was written down; 0: none. */
  newest(agentId: string, bootId: string): number;
  keep(agentId: string, bootId: string, seq: number, frame: string): void;
  /** The agent was started anew: its counting began again. */
  dropOtherBoots(agentId: string, bootId: string): void;
}

export function createReplyStore(sql: Sql): ReplyStore {
  return {
    find: (agentId, bootId, seq) =>
      first(
        sql.exec<{ frame: string }>(
          "select frame from replies where agentId = ? and bootId = ? and seq = ?",
          ...[agentId, bootId, seq],
        ),
      )?.frame ?? null,
    newest: (agentId, bootId) =>
      first(
        sql.exec<{ seq: number | null }>(
          "select max(seq) as seq from replies where agentId = ? and bootId = ?",
          ...[agentId, bootId],
        ),
      )?.seq ?? 0,
    keep: (agentId, bootId, seq, frame) => {
      sql.exec(
        "insert into replies (agentId, bootId, seq, frame) values (?, ?, ?, ?) on conflict do nothing",
        ...[agentId, bootId, seq, frame],
      );
      if (seq % TIDIED !== 0) return;
      sql.exec(
        "delete from replies where agentId = ? and bootId = ? and seq <= ?",
        ...[agentId, bootId, seq - KEPT],
      );
    },
    dropOtherBoots: (agentId, bootId) =>
      void sql.exec("delete from replies where agentId = ? and bootId <> ?", agentId, bootId),
  };
}
