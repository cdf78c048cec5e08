/**
 * A pool with one agent's link, for tests that hold open what workerd does not let them: real stores on node:sqlite
 * and real handlers; only the sockets' host is ours.
 */
import { loadConfig } from "../../config.ts";
import { newBadge } from "../frames/badges.ts";
import { RecentReplies } from "../frames/replies.ts";
import { Sockets } from "../frames/sockets.ts";
import { createPool, type Pool } from "../pool.ts";
import { createWaiters } from "../watching/waiters.ts";
import { NOW } from "./jobs.ts";
import { openTestLedger } from "./node-sql.ts";

/** Where the agent reached us. */
export const ORIGIN = "https://edge";

export function openLink(): { pool: Pool; socket: WebSocket; sent: string[]; closed: number[] } {
  const { store } = openTestLedger();
  const sent: string[] = [];
  const closed: number[] = [];
  let attachment: unknown = null;
  const socket = {
    readyState: 1,
    send: (text: string) => sent.push(text),
    close: (code: number) => closed.push(code),
    serializeAttachment: (value: unknown) => (attachment = value),
    deserializeAttachment: () => attachment,
  } as unknown as WebSocket;
  const sockets = new Sockets({
    acceptWebSocket: () => {},
    getWebSockets: () => [socket],
    getWebSocketAutoResponseTimestamp: () => null,
  });
  const env = { SIGNING_SECRET: "a secret for tests only, 32 bytes", SHARD: {}, SHARDS: SHARDS_VAR };
  const pool = createPool({
    ...{ name: "main", env: env as unknown as Env, config: loadConfig(env as unknown as Env) },
    ...{ db: null as never, store, sockets, waiters: createWaiters() },
    ...{ replies: new RecentReplies(store.replies), atomically: (act) => act() },
    ...{ arm: () => {}, later: () => {} },
  });
  sockets.accept(socket, newBadge("agent-a", ORIGIN, NOW));
  return { pool, socket, sent, closed };
}
const SHARDS_VAR = JSON.stringify([
  { binding: "SHARD", bucket: "bucket", lat: 0, lon: 0, budget_bytes: 1_000_000 },
]);
