/**
 * Stands before the edge on a port of its own: counts what is asked of the storage, and may carry the bytes at
 * the pace of a slow line, each way for itself. Signatures hold, since the Host header is passed on as it came.
 */
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Line } from "./throttle.ts";

export interface Asked {
  method: string;
  /** Without the query. */
  path: string;
  /** Of a multipart upload; empty otherwise. */
  upload: string;
  status: number;
  bytes: number;
}

export interface StorageProxy {
  url: string;
  readonly asked: Asked[];
  /** Where to pass things on. */
  toward(url: string): void;
  stop(): Promise<void>;
}

/** `bytesPerSecond` each way; none: as fast as it goes. */
export async function startStorageProxy(bytesPerSecond?: number): Promise<StorageProxy> {
  const lines =
    bytesPerSecond === undefined ? null : { up: new Line(bytesPerSecond), down: new Line(bytesPerSecond) };
  const asked: Asked[] = [];
  let target = new URL("http://127.0.0.1:1");
  const server = createServer((request, response) => {
    pass(request, response, target, lines, asked).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    toward: (url) => (target = new URL(url)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  lines: { up: Line; down: Line } | null,
  asked: Asked[],
): Promise<void> {
  const { method = "GET", url = "/" } = request;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  const answer = await passOn(request, target, lines?.up.stream());
  answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await (lines ? pipeline(answer, lines.down.stream(), response) : pipeline(answer, response));
  const { pathname: path, searchParams } = new URL(url, "http://storage");
  const upload = searchParams.get("uploadId") ?? "";
  asked.push({ method, path, upload, status: answer.statusCode ?? 0, bytes });
}

/** Asks the target as we were asked, body and all, `through` a stream where one is given; answers its answer. */
export async function passOn(
  request: IncomingMessage,
  target: URL,
  through?: Duplex,
): Promise<IncomingMessage> {
  const { method = "GET", url = "/", headers } = request;
  const onward = ask({ host: target.hostname, port: target.port, method, path: url, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
  // The answer may come before the whole body is taken; both are awaited.
  const sent = through ? pipeline(request, through, onward) : pipeline(request, onward);
  return Promise.race([answered, sent.then(() => answered)]);
}
