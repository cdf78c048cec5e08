/**
 * The agents' sockets: found by agent, one greeted socket each, with its badge. Frames go out here and nowhere
 * else. Sockets outlive the object's sleep, so everything in memory here can be built anew from them.
 */
import { CLOSE_REPLACED, type CoordinatorFrame } from "#protocol";
import { countSlots, isSilent, newBadge, seatOf, type Badge } from "./badges.ts";
import type { Seat, Work } from "../ledger/ledger-types.ts";
import { isAble, slotsAtWork } from "../grants/schedule.ts";

/** What this file needs of the Durable Object's state. */
type SocketHost = Pick<
  DurableObjectState,
  "acceptWebSocket" | "getWebSockets" | "getWebSocketAutoResponseTimestamp"
>;
type Unnumbered<F> = F extends unknown ? Omit<F, "seq"> : never;
/** A frame before it has its number. */
export type Outgoing = Unnumbered<CoordinatorFrame>;

const OPEN = 1;

export class Sockets {
  readonly #host: SocketHost;
  readonly #badges = new WeakMap<WebSocket, Badge>();
  /** Greeted sockets by agent; null until it has been built from the host's. */
  #greeted: Map<string, WebSocket> | null = null;
  /** Those of them that can take a job now. */
  readonly #open = new Set<WebSocket>();
  /** Those of them that are to go to another pool. */
  readonly #leaving = new Set<WebSocket>();
  #seq = 0;

  constructor(host: SocketHost) {
    this.#host = host;
  }

  accept(socket: WebSocket, badge: Badge): void {
    this.#host.acceptWebSocket(socket, [badge.agentId]);
    this.pin(socket, badge);
  }

  badge(socket: WebSocket): Badge {
    const known = this.#badges.get(socket);
    if (known) return known;
    // Pinned by `pin`, and by nothing else; perhaps by an older version that knew fewer fields.
    const pinned = socket.deserializeAttachment() as Badge;
    const badge = { ...newBadge(pinned.agentId, pinned.origin, pinned.seenAt), ...pinned };
    this.#badges.set(socket, badge);
    return badge;
  }

  pin(socket: WebSocket, badge: Badge): void {
    this.#badges.set(socket, badge);
    socket.serializeAttachment(badge);
    if (this.#all().get(badge.agentId) === socket) this.#sort(socket, badge);
  }

  /** From now on this is the agent's socket; an older one is closed. */
  greet(socket: WebSocket, badge: Badge): void {
    this.#drop(badge.agentId);
    this.#all().set(badge.agentId, socket);
    this.pin(socket, badge);
    for (const other of this.#host.getWebSockets(badge.agentId)) {
      if (other !== socket) closeSocket(other, CLOSE_REPLACED, "replaced by a newer connection");
    }
  }

  find(agentId: string): WebSocket | null {
    const socket = this.#all().get(agentId);
    return socket && socket.readyState === OPEN ? socket : null;
  }

  /** Of all agents whose link is alive. */
  greeted(): WebSocket[] {
    return [...this.#all().values()].filter((socket) => this.#isAlive(socket));
  }

  leaving(): WebSocket[] {
    this.#all();
    return [...this.#leaving];
  }

  /** Greeted or not. */
  ofAgent(agentId: string): WebSocket[] {
    return this.#host.getWebSockets(agentId);
  }

  /** The last frame or ping. */
  lastHeard(socket: WebSocket): number {
    const ping = this.#host.getWebSocketAutoResponseTimestamp(socket);
    return Math.max(this.badge(socket).seenAt, ping?.getTime() ?? 0);
  }

  /** True where the agent has no other greeted socket left. */
  forget(socket: WebSocket): boolean {
    const { agentId } = this.badge(socket);
    if (this.#all().get(agentId) === socket) this.#drop(agentId);
    return this.find(agentId) === null;
  }

  /** Seats with a slot free now, of agents whose link is alive. */
  freeSeats(now: number): Seat[] {
    const seats: Seat[] = [];
    this.#all();
    for (const socket of this.#open) {
      if (this.#isAlive(socket)) seats.push(seatOf(this.badge(socket), now));
    }
    return seats;
  }

  hasFreeSeat(): boolean {
    this.#all();
    return this.#open.size > 0;
  }

  /** Could any agent that is online do it, busy or not? `except` one of them. */
  isAnyAble(work: Work, now: number, except?: string | null): boolean {
    for (const socket of this.#all().values()) {
      const badge = this.badge(socket);
      if (badge.paused || badge.moving !== null || badge.agentId === except) continue;
      if (isAble(seatOf(badge, now), work) && this.#isAlive(socket)) return true;
    }
    return false;
  }

  /** Of all agents, free or not. */
  countAllSlots(): number {
    let slots = 0;
    for (const socket of this.#all().values()) slots += countSlots(slotsAtWork(this.badge(socket).capacity));
    return slots;
  }

  /** Encodes that all agents can be at in the same moment. */
  countEncoders(): number {
    let encoders = 0;
    for (const socket of this.#all().values()) {
      const { gpu, cpu } = slotsAtWork(this.badge(socket).capacity);
      encoders += gpu + cpu;
    }
    return encoders;
  }

  /** Closes links that have said nothing for long; their leases run out by themselves. */
  closeSilent(): void {
    for (const socket of this.#all().values()) {
      if (!this.#isAlive(socket)) closeSocket(socket, 1001, "no ping for a minute");
    }
  }

  closeAgent(agentId: string, code: number, reason: string): void {
    for (const socket of this.#host.getWebSockets(agentId)) closeSocket(socket, code, reason);
  }

  /** A frame to a socket that closes meanwhile is lost; the agent asks again, or the lease runs out. */
  send(socket: WebSocket, frame: Outgoing): void {
    this.sendText(socket, this.encode(frame));
  }

  sendText(socket: WebSocket, text: string): void {
    if (socket.readyState === OPEN) socket.send(text);
  }

  encode(frame: Outgoing): string {
    return JSON.stringify({ ...frame, seq: this.#nextSeq() });
  }

  /** Grows through restarts without being stored. */
  #nextSeq(): number {
    this.#seq = Math.max(this.#seq + 1, Date.now() * 1_000);
    return this.#seq;
  }

  #isAlive(socket: WebSocket): boolean {
    if (socket.readyState !== OPEN) return false;
    const badge = this.badge(socket);
    const now = Date.now();
    // The host is asked for its last ping only where its last frame is long ago.
    if (!isSilent(badge, 0, now)) return true;
    return !isSilent(badge, this.#host.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0, now);
  }

  #sort(socket: WebSocket, { paused, moving, free }: Badge): void {
    if (!paused && moving === null && countSlots(free) > 0) this.#open.add(socket);
    else this.#open.delete(socket);
    if (moving === null) this.#leaving.delete(socket);
    else this.#leaving.add(socket);
  }

  #drop(agentId: string): void {
    const socket = this.#greeted?.get(agentId);
    if (!socket) return;
    this.#open.delete(socket);
    this.#leaving.delete(socket);
    this.#greeted?.delete(agentId);
  }

  #all(): Map<string, WebSocket> {
    if (this.#greeted) return this.#greeted;
    this.#greeted = new Map();
    for (const socket of this.#host.getWebSockets()) {
      const badge = this.badge(socket);
      if (badge.bootId === null || socket.readyState !== OPEN) continue;
      this.#drop(badge.agentId);
      this.#greeted.set(badge.agentId, socket);
      this.#sort(socket, badge);
    }
    return this.#greeted;
  }
}

/** Never throws: the other side may have closed it already. */
export function closeSocket(socket: WebSocket, code?: number, reason?: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
