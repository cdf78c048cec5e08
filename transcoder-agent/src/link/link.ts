/**
 * One WebSocket to the coordinator, from the upgrade to the close: frames in and out, pings, and a reason at
 * the end. `connection.ts` makes a new one for each try; nothing here survives the socket.
 */
import type { IncomingMessage } from "node:http";
import { WebSocket, type RawData } from "ws";
import { endingOfClose, endingOfUpgrade, type Ending } from "./ending.ts";
import type { Log } from "../log.ts";
import { CoordinatorFrame, PING, PONG, SUBPROTOCOL, type AgentFrame } from "../protocol.ts";

export interface LinkEvents {
  opened: () => void;
  received: (frame: CoordinatorFrame) => void;
  /** Exactly once. */
  ended: (ending: Ending) => void;
}

/** Milliseconds for the upgrade. */
const HANDSHAKE_MS = 15_000;
/** Pings without any sign of life before a link counts as dead. */
const MISSED_PINGS = 2;
/** Milliseconds that the other side gets to answer a close. */
const CLOSE_MS = 2_000;
/** Frames of ours are at most 64 KiB; this only stops a runaway. */
const MAX_PAYLOAD_BYTES = 1_024 * 1_024;
/** Of an error answer's body. */
const MAX_SAID_BYTES = 8_192;

export class Link {
  readonly #socket: WebSocket;
  readonly #events: LinkEvents;
  readonly #log: Log;
  #pings: NodeJS.Timeout | null = null;
  #missed = 0;
  #ended = false;

  constructor(url: string, key: string, events: LinkEvents, log: Log) {
    this.#events = events;
    this.#log = log;
    this.#socket = new WebSocket(url, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${key}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
    });
    this.#socket.on("open", () => events.opened());
    this.#socket.on("message", (data: RawData) => this.#receive(data));
    this.#socket.on("close", (code, reason) => this.#end(endingOfClose(code, reason.toString())));
    this.#socket.on("error", (error) => this.#end(unreachable(error)));
    this.#socket.on("unexpected-response", (_request, response) => void this.#refused(response));
  }

  send(frame: AgentFrame): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Pings from now on; a link that stays silent is ended. */
  keepAlive(pingMs: number): void {
    if (this.#pings) clearInterval(this.#pings);
    this.#pings = setInterval(() => {
      if (this.#missed >= MISSED_PINGS) {
        this.#socket.terminate();
        return this.#end({ sentence: "The edge does not answer any more; reconnecting.", next: "again" });
      }
      this.#missed += 1;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(PING);
    }, pingMs);
  }

  /** Closes in good manners, or at once where the other side has none. */
  async close(): Promise<void> {
    this.#end({ sentence: "closed", next: "stop" }, false);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    const limit = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
    await closed;
    clearTimeout(limit);
  }

  async #refused(response: IncomingMessage): Promise<void> {
    const said = await readSaid(response);
    this.#end(endingOfUpgrade(response.statusCode ?? 0, said, new URL(this.#socket.url).host));
    this.#socket.terminate();
  }

  #receive(data: RawData): void {
    this.#missed = 0;
    const text = Buffer.isBuffer(data) ? data.toString() : "";
    if (text === PONG || this.#ended) return;
    const parsed = CoordinatorFrame.safeParse(jsonOf(text));
    if (parsed.success) return this.#events.received(parsed.data);
    this.#log.warn("a frame was not understood; this agent may be too old: npx capcloud-agent@latest", {
      start: text.slice(0, 60),
      reason: parsed.error.issues[0]?.message,
    });
  }

  #end(ending: Ending, tell = true): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#pings) clearInterval(this.#pings);
    if (tell) this.#events.ended(ending);
  }
}

function unreachable(error: Error): Ending {
  // A name that resolves to several addresses fails with one error that holds the others.
  const reasons = error instanceof AggregateError ? error.errors.map(String) : [error.message];
  return { sentence: `The edge cannot be reached: ${reasons.join(", ")}`, next: "again" };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The sentence in an error answer of the edge (`{"description": "…"}`), or nothing. */
async function readSaid(response: IncomingMessage): Promise<string> {
  let body = "";
  try {
    for await (const chunk of response.setTimeout(HANDSHAKE_MS, () => response.destroy())) {
      body += String(chunk);
      if (body.length > MAX_SAID_BYTES) break;
    }
  } catch {
    // The status alone says enough.
  }
  const json = jsonOf(body);
  const found = typeof json === "object" && json !== null && "description" in json ? json.description : "";
  return typeof found === "string" ? found : "";
}
