/**
 * One link between an agent and the object: two ends, and a line between them that can be slow, sick, silent or
 * cut. The agent's end is `modules/ws.ts`, the object's end stands here, as workerd has it: it outlives
 * the object's life with what was attached to it. Frames arrive in order unless the line is sick.
 */
import { PING, PONG } from "#protocol";
import type { WebSocket as ClientSocket } from "./modules/ws.ts";
import type { Chance } from "./random.ts";
import type { Process, World } from "./world.ts";

/** What is wrong with a line; frames that are lost on a line that lives can only be lost by a proxy. */
export interface Sickness {
  drop: number;
  duplicate: number;
  reorder: number;
  /** Milliseconds at most, for one frame in ten. */
  delay: number;
}

/** What the object's side does with what arrives. */
export interface ServerSide {
  message(wire: Wire, text: string): void;
  closed(wire: Wire, code: number): void;
  /** A frame leaves for the agent. */
  sent(wire: Wire, text: string): void;
}

export class ServerSocket {
  readyState = 1;
  wire: Wire | null = null;
  #attached: string | null = null;

  send(text: string): void {
    if (this.readyState !== 1) throw new TypeError("Can't call WebSocket send() after close().");
    this.wire?.toClient(text);
  }

  close(code = 1005, reason = ""): void {
    if (this.readyState > 1) return;
    this.readyState = 2;
    this.wire?.closeFromServer(code, reason);
  }

  serializeAttachment(value: unknown): void {
    this.#attached = JSON.stringify(value);
  }

  deserializeAttachment(): unknown {
    return this.#attached === null ? null : JSON.parse(this.#attached);
  }

  /** The same line as the next life of the object sees it. */
  reborn(): ServerSocket {
    const next = new ServerSocket();
    next.readyState = this.readyState;
    next.wire = this.wire;
    next.#attached = this.#attached;
    if (this.wire) this.wire.server = next;
    return next;
  }
}

export class SocketPair {
  readonly 1 = new ServerSocket();
  readonly 0 = this[1];
}

/** A Response that may carry a socket; nothing else of Response is needed here. */
export class SwitchedResponse {
  readonly status: number;
  readonly webSocket: ServerSocket | null;

  constructor(_body: unknown, init: { status?: number; webSocket?: ServerSocket } = {}) {
    this.status = init.status ?? 200;
    this.webSocket = init.webSocket ?? null;
  }
}

/** Milliseconds after which the platform gives up a link that nobody answers on. */
const ABANDONED_MS = 150_000;

export class Wire {
  readonly agentId: string;
  readonly owner: Process;
  readonly client: ClientSocket;
  server: ServerSocket;
  #sickness: Sickness | null = null;
  #halfOpen = false;
  /** Something was wrong with it at some time, so that it may have lost frames. */
  spoiled = false;
  /** The last ping that was answered without waking the object. */
  pingedAt: Date | null = null;
  readonly since: number;
  /** So many frames come twice on any line. */
  readonly doubled: () => number;
  readonly #world: World;
  readonly #side: ServerSide;
  readonly #chance: Chance;
  #serverDue = 0;
  #clientDue = 0;
  #serverTold = false;

  constructor(
    world: World,
    side: ServerSide,
    chance: Chance,
    ends: { agentId: string; owner: Process; client: ClientSocket; server: ServerSocket },
    doubled: () => number,
  ) {
    this.doubled = doubled;
    this.#world = world;
    this.since = world.now;
    this.#side = side;
    this.#chance = chance;
    this.agentId = ends.agentId;
    this.owner = ends.owner;
    this.client = ends.client;
    this.server = ends.server;
    ends.server.wire = this;
  }

  get sickness(): Sickness | null {
    return this.#sickness;
  }

  set sickness(sickness: Sickness | null) {
    this.#sickness = sickness;
    this.spoiled ||= sickness !== null;
  }

  /** Both ends believe in it, and nothing arrives. */
  get halfOpen(): boolean {
    return this.#halfOpen;
  }

  set halfOpen(halfOpen: boolean) {
    this.#halfOpen = halfOpen;
    this.spoiled ||= halfOpen;
  }

  toServer(text: string): void {
    this.#carry("server", text, () => {
      if (this.server.readyState !== 1 || this.#serverTold) return;
      if (text !== PING) return this.#side.message(this, text);
      this.pingedAt = new Date(this.#world.now);
      this.toClient(PONG);
    });
  }

  toClient(text: string): void {
    if (text !== PONG) this.#side.sent(this, text);
    this.#carry("client", text, () => this.client.received(text));
  }

  /** The agent says goodbye. */
  closeFromClient(code: number): void {
    this.#carry("server", null, () => this.#tellServer(code));
  }

  /** The agent's end is gone without a word: its system says so, unless the line is silent. */
  dropFromClient(): void {
    if (this.halfOpen) this.#giveUpLater();
    else
      this.#world.after(this.#chance.between(1, 10), this.#world.system, "link gone", () =>
        this.#tellServer(1006),
      );
  }

  closeFromServer(code: number, reason: string): void {
    this.#carry("client", null, () => {
      this.client.ended(code, reason);
      // Its answer to the close.
      this.closeFromClient(code);
    });
    if (this.halfOpen) this.#giveUpLater();
  }

  /** Both ends hear that it is gone. */
  cut(): void {
    this.halfOpen = false;
    this.sickness = null;
    const { system } = this.#world;
    this.#world.after(this.#chance.between(1, 20), system, "link cut", () => this.#tellServer(1006));
    this.#world.after(this.#chance.between(1, 40), this.owner, "link cut", () => this.client.ended(1006, ""));
  }

  /** The object died and took its end along. */
  loseServer(): void {
    this.#serverTold = true;
    this.server.readyState = 3;
    if (this.halfOpen) return;
    this.#world.after(this.#chance.between(1, 40), this.owner, "link lost", () =>
      this.client.ended(1006, ""),
    );
  }

  #giveUpLater(): void {
    this.#world.after(ABANDONED_MS, this.#world.system, "link abandoned", () => this.#tellServer(1006));
  }

  #tellServer(code: number): void {
    if (this.#serverTold) return;
    this.#serverTold = true;
    this.#side.closed(this, code);
    this.server.readyState = 3;
  }

  /** `text` null: a close, which no sickness touches. */
  #carry(to: "server" | "client", text: string | null, arrive: () => void): void {
    if (this.halfOpen) return;
    const world = this.#world;
    const chance = this.#chance;
    const frame = text !== null && text !== PING && text !== PONG;
    const sick = frame ? this.sickness : null;
    const twice = frame ? Math.max(sick?.duplicate ?? 0, this.doubled()) : 0;
    if (sick && chance.hits(sick.drop)) return world.note(`lost on the line: ${text?.slice(0, 80) ?? ""}`);
    const slow = sick && sick.delay > 0 && chance.hits(0.1) ? chance.between(0, sick.delay) : 0;
    const due = world.now + chance.between(2, 30) + slow;
    const overtakes = sick !== null && chance.hits(sick.reorder);
    const before = to === "server" ? this.#serverDue : this.#clientDue;
    const at = overtakes ? due : Math.max(due, before);
    if (to === "server") this.#serverDue = Math.max(before, at);
    else this.#clientDue = Math.max(before, at);
    const owner = to === "server" ? world.system : this.owner;
    const deliver = () => {
      if (!this.halfOpen) arrive();
    };
    const label = `${this.agentId} ${to === "server" ? "→" : "←"} ${labelOf(text)}`;
    world.after(at - world.now, owner, label, deliver);
    if (twice > 0 && chance.hits(twice)) {
      world.after(at - world.now + chance.between(0, 200), owner, `${label} again`, deliver);
    }
  }
}

/** Type and number of a frame. */
function labelOf(text: string | null): string {
  if (text === null) return "close";
  const [, type] = /"type":"(\w+)"/.exec(text) ?? [];
  const [, re] = /"re":(\d+)/.exec(text) ?? [];
  return type === undefined ? text.slice(0, 8) : `${type}${re === undefined ? "" : ` re ${re}`}`;
}
