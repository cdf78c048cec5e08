/**
 * A receiver of events on loopback, for tests: keeps what came, checks each signature as a receiver should, and
 * answers as it is told.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

export interface Received {
  id: string;
  path: string;
  method: string;
  /** Seconds. */
  timestamp: number;
  genuine: boolean;
  body: { type: string; timestamp: string; data: Record<string, unknown> };
}

export type Reply = (request: IncomingMessage, response: ServerResponse) => void;

export class Receiver {
  readonly received: Received[] = [];
  reply: Reply = answer(204);
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  ofType(type: string): Received[] {
    return this.received.filter(({ body }) => body.type === type);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const header = (name: string) => String(request.headers[name] ?? "");
    const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
    this.received.push({
      ...{ id, path: request.url ?? "", method: request.method ?? "", timestamp: Number(timestamp) },
      genuine: isGenuine(SECRET, `${id}.${timestamp}.${body}`, header("webhook-signature")),
      body: body === "" ? { type: "", timestamp: "", data: {} } : JSON.parse(body),
    });
    this.reply(request, response);
  }
}

export function isGenuine(secret: string, content: string, header: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const right = Buffer.from(createHmac("sha256", key).update(content).digest("base64"));
  return header.split(" ").some((one) => {
    const given = Buffer.from(one.slice("v1,".length));
    return one.startsWith("v1,") && given.length === right.length && timingSafeEqual(given, right);
  });
}

export function answer(status: number, headers: Record<string, string> = {}): Reply {
  return (_, response) => response.writeHead(status, headers).end();
}
