/**
 * Stands in for the package `ws` in a simulation, as far as the agent's `link.ts` uses it: the client's end of a
 * virtual link. The network behind it is handed in by `globals.ts`.
 */
import { EventEmitter } from "node:events";

/** What a client does to its link. */
export interface ClientLine {
  send(text: string): void;
  close(code: number): void;
  /** At once, as a killed process would. */
  drop(): void;
}

export interface Opening {
  url: string;
  headers: Record<string, string>;
  socket: WebSocket;
}

let network: ((opening: Opening) => ClientLine) | null = null;

export function useNetwork(open: (opening: Opening) => ClientLine): void {
  network = open;
}

export class WebSocket extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState: number = WebSocket.CONNECTING;
  readonly url: string;
  readonly #line: ClientLine;

  constructor(url: string, _protocol: string, { headers }: { headers: Record<string, string> }) {
    super();
    this.url = url;
    if (network === null) throw new Error("no network");
    this.#line = network({ url, headers, socket: this });
  }

  send(text: string): void {
    this.#line.send(text);
  }

  close(code: number): void {
    if (this.readyState >= WebSocket.CLOSING) return;
    this.readyState = WebSocket.CLOSING;
    this.#line.close(code);
  }

  terminate(): void {
    this.#line.drop();
    this.ended(1006, "");
  }

  /** The line says so. */
  opened(): void {
    if (this.readyState !== WebSocket.CONNECTING) return;
    this.readyState = WebSocket.OPEN;
    this.emit("open");
  }

  received(text: string): void {
    if (this.readyState === WebSocket.OPEN) this.emit("message", Buffer.from(text));
  }

  ended(code: number, reason: string): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.emit("close", code, Buffer.from(reason));
  }

  failed(error: Error): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.emit("error", error);
    this.emit("close", 1006, Buffer.from(""));
  }
}
