/**
 * A storage on loopback for tests: objects in memory or made up on the fly, ranges, conditional writes, parts,
 * and faults on order. Speaks HTTP like the real one, so that `transfer.ts` runs as it is.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  path: string;
  range: string | undefined;
  signature: string | null;
  headers: IncomingMessage["headers"];
}

/** Answers true when it has dealt with the request itself. */
export type Fault = (
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

interface Made {
  size: number;
  bytes: (from: number, to: number) => Buffer;
}

export class Storage {
  readonly asked: Asked[] = [];
  readonly objects = new Map<string, Buffer>();
  /** Signatures taken; anything else is 403. Null takes all. */
  signatures: Set<string> | null = null;
  fault: Fault = () => false;
  readonly #made = new Map<string, Made>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Storage> {
    const server = createServer();
    const storage = new Storage(server);
    server.on("request", (request, response) => {
      storage.#serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return storage;
  }

  /** A source of any size that is never held in memory. */
  make(path: string, size: number, bytes: Made["bytes"]): void {
    this.#made.set(path, { size, bytes });
  }

  put(path: string, bytes: Buffer): void {
    this.make(path, bytes.length, (from, to) => bytes.subarray(from, to));
  }

  url(path: string, signature = "1"): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}?signature=${signature}`;
  }

  /** Byte ranges that were asked of `path`. */
  ranges(path: string): [number, number][] {
    return this.asked
      .filter((asked) => asked.path === path && asked.method === "GET")
      .map(({ range }) => parseRange(range, Number.MAX_SAFE_INTEGER));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://storage");
    const asked: Asked = {
      method: request.method ?? "",
      path: url.pathname,
      range: request.headers.range,
      signature: url.searchParams.get("signature"),
      headers: request.headers,
    };
    this.asked.push(asked);
    if (await this.fault(asked, request, response)) return;
    if (this.signatures && !this.signatures.has(asked.signature ?? "")) {
      request.resume();
      return void response.writeHead(403).end("expired");
    }
    if (asked.method === "PUT") return this.#take(asked, request, response);
    return this.#give(asked, response);
  }

  async #take({ path, headers }: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (headers["if-none-match"] === "*" && this.objects.has(path)) return void response.writeHead(412).end();
    this.objects.set(path, bytes);
    response.writeHead(200, { etag: `"${createHash("md5").update(bytes).digest("hex")}"` }).end();
  }

  async #give({ path, range }: Asked, response: ServerResponse): Promise<void> {
    const made = this.#made.get(path);
    if (!made) return void response.writeHead(404).end();
    const [from, to] = parseRange(range, made.size);
    if (from >= made.size) return void response.writeHead(416).end();
    response.writeHead(range === undefined ? 200 : 206, {
      "content-length": to - from,
      "content-range": `bytes ${from}-${to - 1}/${made.size}`,
    });
    await sendBytes(response, made, from, to);
    response.end();
  }
}

async function sendBytes(response: ServerResponse, made: Made, from: number, to: number): Promise<void> {
  const step = 256 * 1024;
  for (let at = from; at < to && !response.destroyed; at += step) {
    if (response.write(made.bytes(at, Math.min(to, at + step)))) continue;
    const settled = new AbortController();
    const { signal } = settled;
    await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
    settled.abort();
  }
}

function parseRange(header: string | undefined, size: number): [number, number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (!match) return [0, size];
  return [Number(match[1]), match[2] === "" ? size : Math.min(size, Number(match[2]) + 1)];
}

/** A byte for each offset that gives away any shift or mix-up. */
export function patternBytes(from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let index = 0; index < bytes.length; index++) {
    const at = from + index;
    bytes[index] = (at ^ (at >>> 8) ^ (at >>> 16) ^ (at >>> 24)) & 0xff;
  }
  return bytes;
}
