/**
 * Inputs on a loopback address with ranges, the only thing ffmpeg may open. Addresses are 128 random bits, so
 * other users of this machine cannot guess them. One server per agent process; knows no storage and no jobs.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { abortable } from "../abort.ts";
import { admitToTools } from "../ffmpeg/confinement.ts";
import { offerInput, withdrawInput } from "../ffmpeg/loopback-inputs.ts";
import type { Log } from "../log.ts";
import type { Input } from "./input.ts";
import type { Interval } from "./intervals.ts";

/** Behind an input's address: for readers who stand aside (`Input.read`). */
export const ASIDE = "/aside";

export class SourceServer {
  readonly #inputs = new Map<string, Input>();
  readonly #server: Server;
  readonly #log: Log;

  private constructor(server: Server, log: Log) {
    this.#server = server;
    this.#log = log;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(log: Log): Promise<SourceServer> {
    const server = createServer({ keepAliveTimeout: 5_000 });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await admitToTools(server);
    return new SourceServer(server, log);
  }

  /** The address of an input until it is withdrawn. */
  publish(input: Input): string {
    const path = `/${randomBytes(16).toString("base64url")}`;
    this.#inputs.set(path, input);
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
    offerInput(url, () => input.isAwaited);
    return url;
  }

  withdraw(url: string): void {
    this.#inputs.delete(new URL(url).pathname);
    withdrawInput(url);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const aside = request.url?.endsWith(ASIDE) ?? false;
    const input = this.#inputs.get(aside ? (request.url ?? "").slice(0, -ASIDE.length) : (request.url ?? ""));
    if (!input) return void response.writeHead(404).end();
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    const range = parseRange(request.headers.range, input.size);
    if (range === "unsatisfiable") {
      return void response.writeHead(416, { "content-range": `bytes */${input.size}` }).end();
    }
    const [from, to] = range ?? [0, input.size];
    response.writeHead(range ? 206 : 200, {
      "accept-ranges": "bytes",
      "content-type": "application/octet-stream",
      "content-length": to - from,
      ...(range && { "content-range": `bytes ${from}-${to - 1}/${input.size}` }),
    });
    if (request.method === "HEAD") return void response.end();
    await send(input, [from, to], aside, response).catch((error: unknown) => {
      this.#log.warn("an input broke off", { reason: String(error) });
    });
  }
}

/** Streams until the reader has enough. A reader that goes away ends the reading, which is no error. */
async function send(
  input: Input,
  [from, to]: Interval,
  aside: boolean,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    for await (const chunk of input.read(from, to, gone.signal, aside)) {
      await abortable(written(response, chunk, gone), gone.signal);
    }
    response.end();
  } catch (error) {
    response.destroy();
    if (!gone.signal.aborted) throw error;
  }
}

/** Resolves when the chunk has left for the kernel, so that its memory can be used again. */
function written(response: ServerResponse, chunk: Buffer, gone: AbortController): Promise<void> {
  return new Promise((resolve) => {
    response.write(chunk, (error) => {
      if (error) gone.abort();
      resolve();
    });
  });
}

/** One byte range; null: all of it (no header, or one that we may ignore). */
export function parseRange(header: string | undefined, size: number): Interval | "unsatisfiable" | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  if (first === "")
    return size === 0 || Number(last) === 0 ? "unsatisfiable" : [Math.max(0, size - Number(last)), size];
  const from = Number(first);
  const to = last === "" ? size : Math.min(size, Number(last) + 1);
  if (last !== "" && Number(last) < from) return null;
  return from < size ? [from, to] : "unsatisfiable";
}
