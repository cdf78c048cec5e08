/** One frame on its way through the handlers (`frame-*.ts`), and the way out for a link that cannot go on. */
import { CLOSE_PROTOCOL } from "#protocol";
import type { Badge } from "./badges.ts";
import type { Pool } from "../pool.ts";
import { closeSocket } from "./sockets.ts";

/** Bytes of a close frame's reason, by RFC 6455. */
const LONGEST_REASON = 123;

export interface Incoming {
  pool: Pool;
  socket: WebSocket;
  badge: Badge;
  now: number;
}

/** Says why, then ends the link. */
export function hangUp(pool: Pool, socket: WebSocket, re: number | null, message: string): void {
  pool.sockets.send(socket, { type: "error", re, message });
  closeSocket(socket, CLOSE_PROTOCOL, message.slice(0, LONGEST_REASON));
}
