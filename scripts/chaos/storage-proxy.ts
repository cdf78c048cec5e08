/**
 * Stands between the agents and the storage and behaves as bad storage does: errors, refusals, silence, slowness,
 * answers that break off, and writes that succeed although nobody hears of it. Which request is struck is drawn from
 * a seed. The nemesis sets the weather; nothing here knows jobs.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Duplex, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../../edge/src/coordinator/simulation/random.ts";
import { passOn } from "../bench/kit/storage-proxy.ts";
import { Line } from "../bench/kit/throttle.ts";

/** How often each of them strikes, 0 … 1; together at most 1. */
export interface Weather {
  /** 500, 502 or 503, and nothing was done. */
  error: number;
  /** 429. */
  busy: number;
  /** Takes the request and says nothing until the line is cut. */
  stall: number;
  /** A body that breaks off, downwards or upwards. */
  truncate: number;
  /** Done, and the answer is lost. */
  lose: number;
  /** Done, and each way takes as long as silence would. */
  slow: number;
}
export type StorageFault = keyof Weather;

export const CALM: Weather = { error: 0, busy: 0, stall: 0, truncate: 0, lose: 0, slow: 0 };

export interface FaultyStorage {
  url: string;
  weather: Weather;
  /** How long a stalled request is left hanging, and a slow body takes, in milliseconds. */
  stallMs: number;
  stop(): Promise<void>;
}

export interface FaultyStorageOptions {
  target: string;
  chance: Chance;
  struck: (fault: StorageFault, method: string, path: string) => void;
  /** A write was refused because there is an object of this key: the answer to an earlier one was lost. */
  known: (path: string) => void;
}

export async function startFaultyStorage({
  target,
  ...options
}: FaultyStorageOptions): Promise<FaultyStorage> {
  const server = createServer((request, response) => {
    handle(request, response, new URL(target), storage, options).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const storage: FaultyStorage = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    weather: CALM,
    stallMs: 5_000,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return storage;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  { weather, stallMs }: FaultyStorage,
  { chance, struck, known }: Omit<FaultyStorageOptions, "target">,
): Promise<void> {
  const { method = "GET", url = "/" } = request;
  const [path = ""] = url.split("?");
  const fault = drawFault(weather, chance);
  if (fault !== null) struck(fault, method, path);
  switch (fault) {
    case "error":
      return refuse(request, response, chance.pick([500, 502, 503]));
    case "busy":
      return refuse(request, response, 429);
    case "stall":
      await sleep(stallMs);
      return void response.destroy();
    case "truncate":
      return breakOff(request, response, target, chance.between(0, 0.9));
    case "lose":
      await drain(await passOn(request, target));
      return void response.destroy();
    case "slow": {
      const answer = await passOn(request, target, slowly(request, stallMs));
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      return pipeline(answer, slowly(answer, stallMs), response);
    }
    case null: {
      const answer = await passOn(request, target);
      if (method === "PUT" && answer.statusCode === 412) known(path);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      await pipeline(answer, response);
    }
  }
}

const STRIKING: readonly StorageFault[] = ["error", "busy", "stall", "truncate", "lose", "slow"];

export function drawFault(weather: Weather, chance: Chance): StorageFault | null {
  let point = chance.next();
  for (const fault of STRIKING) {
    point -= weather[fault];
    if (point < 0) return fault;
  }
  return null;
}

/** As R2 says it, when the body has come: an answer before its end would look like a broken line. */
async function refuse(request: IncomingMessage, response: ServerResponse, status: number): Promise<void> {
  await drain(request);
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>",
  );
}

/** Only so much of the body comes through, whichever way it goes. */
async function breakOff(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  part: number,
): Promise<void> {
  const sent = Number(request.headers["content-length"] ?? 0);
  if (sent > 0) {
    await passOn(request, target, cutAfter(part * sent)).catch(() => {});
    return void response.destroy();
  }
  const answer = await passOn(request, target);
  const length = Number(answer.headers["content-length"] ?? 0);
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, cutAfter(part * length), response).catch(() => {});
  response.destroy();
}

/** At a pace by which all of it has come through after so long. */
function slowly({ headers }: IncomingMessage, ms: number): Duplex {
  const bytes = Math.max(1, Number(headers["content-length"] ?? 0));
  return new Line((1_000 * bytes) / ms).stream();
}

function cutAfter(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(chunk.subarray(0, Math.max(0, left)));
      left -= chunk.length;
      done(left <= 0 ? new Error("the line was cut") : null);
    },
  });
}

async function drain(stream: IncomingMessage): Promise<void> {
  for await (const _ of stream);
}
