import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chance } from "../../edge/src/coordinator/simulation/random.ts";
import { CALM, drawFault, type FaultyStorage, startFaultyStorage, type Weather } from "./storage-proxy.ts";

const BYTES = Buffer.alloc(100_000, 7);

let server: Server;
let storage: FaultyStorage;
let objects: Map<string, Buffer>;
let known: string[];

beforeEach(async () => {
  objects = new Map();
  known = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    // What breaks off never gets here.
    request.once("end", () => {
      const { method, url = "" } = request;
      const status = method === "PUT" && objects.has(url) ? 412 : 200;
      if (method === "PUT" && status === 200) objects.set(url, Buffer.concat(chunks));
      const body = method === "PUT" ? Buffer.alloc(0) : BYTES;
      response.writeHead(status, { "content-length": body.length }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  storage = await startFaultyStorage({
    target,
    chance: chance(1, "test"),
    struck: () => {},
    known: (path) => known.push(path),
  });
});
afterEach(async () => {
  await storage.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function put(key: string): Promise<Response> {
  return fetch(`${storage.url}/${key}`, { method: "PUT", body: BYTES });
}
const only = (fault: keyof Weather) => ({ ...CALM, [fault]: 1 });

test("in calm weather all goes through", async () => {
  expect((await put("a")).status).toBe(200);
  expect(objects.get("/a")?.equals(BYTES)).toBe(true);
  expect((await (await fetch(`${storage.url}/a`)).arrayBuffer()).byteLength).toBe(BYTES.length);
});

test("an error and a 429 are answered, and nothing was done", async () => {
  storage.weather = only("error");
  expect((await put("a")).status).toBeGreaterThanOrEqual(500);
  storage.weather = only("busy");
  expect((await put("a")).status).toBe(429);
  expect(objects.size).toBe(0);
});

test("a lost answer: the object is there, and nobody hears of it", async () => {
  storage.weather = only("lose");
  await expect(put("a")).rejects.toThrow();
  expect(objects.get("/a")?.equals(BYTES)).toBe(true);
  storage.weather = CALM;
  expect((await put("a")).status).toBe(412);
  expect(known).toEqual(["/a"]);
});

test("a slow body comes through whole, and takes its time", async () => {
  storage.weather = only("slow");
  storage.stallMs = 200;
  const began = performance.now();
  expect((await put("a")).status).toBe(200);
  expect(performance.now() - began).toBeGreaterThan(150);
  expect(objects.get("/a")?.equals(BYTES)).toBe(true);
  expect((await (await fetch(`${storage.url}/a`)).arrayBuffer()).byteLength).toBe(BYTES.length);
});

test("a truncated body: shorter than it was said to be, whichever way it goes", async () => {
  storage.weather = only("truncate");
  const answer = await fetch(`${storage.url}/a`);
  expect(answer.headers.get("content-length")).toBe(String(BYTES.length));
  await expect(answer.arrayBuffer()).rejects.toThrow();
  await expect(put("a")).rejects.toThrow();
  expect(objects.size).toBe(0);
});

test("silence ends with the line", async () => {
  storage.weather = only("stall");
  storage.stallMs = 20;
  await expect(put("a")).rejects.toThrow();
  expect(objects.size).toBe(0);
});

test("each fault strikes as often as the weather says", () => {
  const draw = chance(5, "weather");
  const weather: Weather = { error: 0.1, busy: 0.05, stall: 0, truncate: 0.2, lose: 0.1, slow: 0.05 };
  const faults = Array.from({ length: 10_000 }, () => drawFault(weather, draw));
  for (const name of ["error", "busy", "stall", "truncate", "lose", "slow"] as const) {
    expect(faults.filter((fault) => fault === name).length / 10_000).toBeCloseTo(weather[name], 1);
  }
});
