/**
 * A coordinator for tests: a real WebSocket server that speaks the protocol and decides nothing by itself.
 * Its answers can be replaced frame by frame; every frame it gets is checked against the wire.
 */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import {
  AgentFrame,
  PING,
  PONG,
  SUBPROTOCOL,
  type CoordinatorFrame,
  type Grant,
  type Sign,
  type Welcome,
} from "../protocol.ts";
import { until } from "./until.ts";

type Unnumbered<F> = F extends unknown ? Omit<F, "seq"> : never;
export type Said = Unnumbered<CoordinatorFrame>;
type Kind = AgentFrame["type"];
type FrameOf<K extends Kind> = Extract<AgentFrame, { type: K }>;

export class RehearsalCoordinator {
  readonly frames: AgentFrame[] = [];
  readonly upgrades: IncomingHttpHeaders[] = [];
  /** Sockets closed so far, by code. */
  readonly closes: number[] = [];
  pings = 0;
  answersPings = true;
  /** Instead of a socket. */
  refusal: { status: number; body: string } | null = null;
  /** Answers to frames; an entry here goes before the usual answer, null says nothing. */
  answers: { [K in Kind]?: (frame: FrameOf<K>) => Said | null } = {};
  /** Address for an object of that name. */
  sign: (name: string, lease: Sign["lease"]) => string = (name) => `http://storage.invalid/${name}`;
  readonly port: number;
  #seq = 0;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;

  private constructor(http: Server) {
    this.#http = http;
    this.port = (http.address() as AddressInfo).port;
    this.#sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
    http.on("upgrade", (request, socket, head) => {
      this.upgrades.push(request.headers);
      // Agents hang up as they like.
      socket.on("error", () => undefined);
      if (this.refusal) {
        const { status, body } = this.refusal;
        socket.end(
          `HTTP/1.1 ${status} No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        );
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (link) => this.#serve(link));
    });
  }

  static async start(port = 0): Promise<RehearsalCoordinator> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    return new RehearsalCoordinator(http);
  }

  get edge(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/agent`;
  }

  of<K extends Kind>(type: K): FrameOf<K>[] {
    return this.frames.filter((frame): frame is FrameOf<K> => frame.type === type);
  }

  /** The `count`-th frame of a kind, waited for. */
  async nth<K extends Kind>(type: K, count = 1): Promise<FrameOf<K>> {
    return until(`${type} number ${count}`, () => this.of(type)[count - 1]);
  }

  /** Says something to every agent. */
  say(said: Said): void {
    for (const link of this.#sockets.clients) this.#send(link, said);
  }

  grant(job: string, more: Partial<Omit<Grant, "type" | "seq">> = {}): Grant["lease"] {
    const lease = more.lease ?? { job, epoch: 1, secret: `secret-of-${job}` };
    this.say({
      type: "grant",
      lease,
      leaseMs: 90_000,
      deadlineMs: 600_000,
      slot: "cpu",
      recipe: { kind: "image", animated: false },
      inputs: [{ name: "original", size: 10, url: "http://storage.invalid/o" }],
      ...more,
    });
    return lease;
  }

  /** Cuts all links, as a lost network does, or closes them in words. */
  drop(code?: number): void {
    for (const link of this.#sockets.clients) {
      if (code === undefined) link.terminate();
      else link.close(code);
    }
  }

  async stop(): Promise<void> {
    this.drop();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #serve(link: WebSocket): void {
    link.on("close", (code) => this.closes.push(code));
    link.on("message", (data) => {
      const text = (data as Buffer).toString();
      if (text === PING) {
        this.pings += 1;
        if (this.answersPings) link.send(PONG);
        return;
      }
      const frame = AgentFrame.parse(JSON.parse(text));
      this.frames.push(frame);
      const said = this.#answer(frame);
      if (said) this.#send(link, said);
    });
  }

  #answer(frame: AgentFrame): Said | null {
    const own = this.answers[frame.type] as ((frame: AgentFrame) => Said | null) | undefined;
    if (own) return own(frame);
    switch (frame.type) {
      case "hello":
        return welcome(frame.seq, { resumed: frame.held.map(({ job }) => job) });
      case "ready":
        return null;
      case "renew":
        return { type: "renewed", re: frame.seq, lost: [] };
      case "sign":
        return this.#signed(frame);
      case "complete":
      case "fail":
      case "release":
        return { type: "accepted", re: frame.seq };
    }
  }

  #signed({ seq, inputs, outputs, parts, lease }: Sign): Said {
    const put = (name: string) => ({
      url: this.sign(name, lease),
      headers: { "if-none-match": "*", "content-type": "x/y" },
    });
    return {
      type: "signed",
      re: seq,
      inputs: Object.fromEntries(inputs.map((name) => [name, this.sign(name, lease)])),
      outputs: Object.fromEntries(outputs.map(({ name }) => [name, { put: put(name) }])),
      parts: Object.fromEntries(
        parts.map(({ name, numbers }) => [
          name,
          numbers.map((number) => ({ number, put: put(`${name}.${number}`) })),
        ]),
      ),
    };
  }

  #send(link: WebSocket, said: Said): void {
    link.send(JSON.stringify({ ...said, seq: (this.#seq += 1) }));
  }
}

export function welcome(re: number, more: Partial<Welcome> = {}): Said {
  return {
    type: "welcome",
    re,
    protocol: 1,
    renewMs: 30_000,
    pingMs: 20_000,
    leaseMs: 90_000,
    resumed: [],
    adopted: [],
    lost: [],
    ...more,
  };
}
