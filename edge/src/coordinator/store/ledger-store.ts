/** The ledger's SQL, one store per noun, over the same SQLite. The only files of the edge that speak to it. */
import { createAbsenceStore, type AbsenceStore } from "../admin/absence-store.ts";
import { createOrderStore, type OrderStore } from "../admin/order-store.ts";
import { createViewStore, type ViewStore } from "../admin/view-store.ts";
import { createAgentStore, type AgentStore } from "./agent-store.ts";
import { createClaimStore, type ClaimStore } from "./claim-store.ts";
import { createFigureStore, type FigureStore } from "./figure-store.ts";
import { createFilmStore, type FilmStore } from "./film-store.ts";
import { createFileStore, type FileStore } from "./file-store.ts";
import { createJobStore, type JobStore } from "./job-store.ts";
import { migrate } from "./migrations.ts";
import { createOutboxStore, type OutboxStore } from "./outbox-store.ts";
import { createReplyStore, type ReplyStore } from "./reply-store.ts";
import { createQueueStore, type QueueStore } from "./queue-store.ts";
import { createRetentionStore, type RetentionStore } from "./retention-store.ts";
import type { Sql } from "./sql.ts";
import { createWishStore, type WishStore } from "./wish-store.ts";

export interface LedgerStore {
  jobs: JobStore;
  /** The same table, by what is next. */
  queue: QueueStore;
  /** The same table, by what is waited for and what is left of a film. */
  films: FilmStore;
  claims: ClaimStore;
  files: FileStore;
  wishes: WishStore;
  outbox: OutboxStore;
  agents: AgentStore;
  orders: OrderStore;
  absences: AbsenceStore;
  /** The jobs table once more, as people look at it. */
  views: ViewStore;
  replies: ReplyStore;
  retention: RetentionStore;
  figures: FigureStore;
}

/** Opens the stores, bringing the tables up to date first. */
export function openLedger(sql: Sql): LedgerStore {
  migrate(sql);
  return {
    jobs: createJobStore(sql),
    queue: createQueueStore(sql),
    films: createFilmStore(sql),
    claims: createClaimStore(sql),
    files: createFileStore(sql),
    wishes: createWishStore(sql),
    outbox: createOutboxStore(sql),
    agents: createAgentStore(sql),
    orders: createOrderStore(sql),
    absences: createAbsenceStore(sql),
    views: createViewStore(sql),
    replies: createReplyStore(sql),
    retention: createRetentionStore(sql),
    figures: createFigureStore(sql),
  };
}
