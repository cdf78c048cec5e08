import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../sending/gate.ts";
import { PATIENCE } from "../link/patience.ts";
import { silentLog } from "../rehearsal/log.ts";
import { Storage, patternBytes } from "../rehearsal/storage.ts";
import { until } from "../rehearsal/until.ts";
import { Transfer } from "../transfer.ts";
import { Inputs, type InputWish } from "./inputs.ts";
import { SourceServer, parseRange } from "./server.ts";

const MIB = 1_024 * 1_024;
let storage: Storage;
let server: SourceServer;
let transfer: Transfer;
let inputs: Inputs;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "inputs-"));
  storage = await Storage.start();
  server = await SourceServer.start(silentLog);
  transfer = new Transfer({ patience: { ...PATIENCE, firstMs: 1, slowestMs: 5, unreachableMs: 50 } });
  inputs = new Inputs({ folder, server, transfer, gate: new Gate(4), lingerMs: 60_000 });
});
afterEach(async () => {
  await inputs.close();
  await server.close();
  await transfer.close();
  await storage.stop();
  await rm(folder, { recursive: true });
});

function wish(path: string, size: number, more: Partial<InputWish> = {}): InputWish {
  return {
    name: "original",
    size,
    url: storage.url(path),
    sign: async () => storage.url(path, "fresh"),
    signal: new AbortController().signal,
    ...more,
  };
}

async function ask(url: string, range?: string, method = "GET") {
  const answer = await fetch(url, { method, headers: range === undefined ? {} : { range } });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

test("ffmpeg's address answers ranges like a storage would", async () => {
  storage.make("/o", 3 * MIB, patternBytes);
  const { source } = await inputs.acquire(wish("/o", 3 * MIB));
  expect(source.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}$/);
  const size = 3 * MIB;

  const whole = await ask(source.url);
  expect([whole.status, whole.bytes.equals(patternBytes(0, size))]).toEqual([200, true]);
  const open = await ask(source.url, "bytes=1000-");
  expect([open.status, open.bytes.equals(patternBytes(1_000, size))]).toEqual([206, true]);
  expect(open.headers.get("content-range")).toBe(`bytes 1000-${size - 1}/${size}`);
  const tail = await ask(source.url, "bytes=-10");
  expect(tail.bytes).toEqual(patternBytes(size - 10, size));
  const head = await ask(source.url, undefined, "HEAD");
  expect([head.status, head.headers.get("content-length"), head.bytes.length]).toEqual([
    200,
    String(size),
    0,
  ]);
  expect((await ask(source.url, `bytes=${size}-`)).status).toBe(416);
  expect((await ask(source.url, undefined, "POST")).status).toBe(405);
  expect((await ask(new URL("/guess", source.url).href)).status).toBe(404);
});

test.each([
  ["bytes=0-0", 10, [0, 1]],
  ["bytes=3-", 10, [3, 10]],
  ["bytes=3-99", 10, [3, 10]],
  ["bytes=-4", 10, [6, 10]],
  ["bytes=-40", 10, [0, 10]],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=5-3", 10, null],
  ["bytes=0-1,3-4", 10, null],
  ["pages=1-2", 10, null],
  [undefined, 10, null],
])("the range %s of %i bytes is %j", (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});

test("jobs of one file share its bytes, whatever signature they came with, also one after the other", async () => {
  storage.make("/o", 5 * MIB, patternBytes);
  const first = await inputs.acquire(wish("/o", 5 * MIB));
  const second = await inputs.acquire(wish("/o", 5 * MIB, { url: storage.url("/o", "2") }));
  expect(second.source.url).toBe(first.source.url);
  await Promise.all([first.source.download(), second.source.download()]);
  first.release();
  second.release();
  const third = await inputs.acquire(wish("/o", 5 * MIB, { url: storage.url("/o", "3") }));
  expect((await readFile(await third.source.download())).equals(patternBytes(0, 5 * MIB))).toBe(true);
  const fetched = storage.ranges("/o").reduce((sum, [from, to]) => sum + to - from, 0);
  expect(fetched).toBe(5 * MIB);
});

test("what is made from an input is made once for all its jobs, and goes with it", async () => {
  storage.make("/o", MIB, patternBytes);
  const [one, other] = [await inputs.acquire(wish("/o", MIB)), await inputs.acquire(wish("/o", MIB))];
  let made = 0;
  const make = async (path: string) => {
    made++;
    await writeFile(path, "remuxed");
  };
  const paths = await Promise.all([one, other].map(({ source }) => source.derive("remuxed.mp4", make)));
  expect(new Set(paths).size).toBe(1);
  one.release();
  other.release();
  const later = await inputs.acquire(wish("/o", MIB));
  expect(await later.source.derive("remuxed.mp4", make)).toBe(paths[0]);
  expect(made).toBe(1);
  expect(await later.source.read(MIB - 10, 100)).toEqual(patternBytes(MIB - 10, MIB));
  later.release();
  await inputs.evictIdle();
  expect(await readdir(folder)).toEqual([]);
});

test("an input that nobody uses is forgotten when the disk is short, a used one is not", async () => {
  storage.make("/a", MIB, patternBytes);
  storage.make("/b", MIB, patternBytes);
  const used = await inputs.acquire(wish("/a", MIB));
  const idle = await inputs.acquire(wish("/b", MIB));
  await used.source.download();
  await idle.source.download();
  idle.release();
  await inputs.evictIdle();
  expect(await readdir(folder)).toHaveLength(1);
  expect((await ask(idle.source.url)).status).toBe(404);
  expect((await ask(used.source.url)).status).toBe(200);
});

test("an input lingers only so long", async () => {
  inputs = new Inputs({ folder, server, transfer, gate: new Gate(4), lingerMs: 1 });
  storage.make("/o", 10, patternBytes);
  const held = await inputs.acquire(wish("/o", 10));
  held.release();
  await until("the file is gone", async () => (await readdir(folder)).length === 0);
});

test("an address that ran out is signed anew, by a job that still may", async () => {
  storage.make("/o", MIB, patternBytes);
  storage.signatures = new Set(["fresh"]);
  const dropped = new AbortController();
  dropped.abort();
  const refusing = wish("/o", MIB, {
    signal: dropped.signal,
    sign: () => Promise.reject(new Error("stale")),
  });
  await inputs.acquire(refusing);
  const { source } = await inputs.acquire(wish("/o", MIB));
  expect((await readFile(await source.download())).equals(patternBytes(0, MIB))).toBe(true);
});

test("an input without an address is signed first", async () => {
  storage.make("/piece", 10, patternBytes);
  const { source } = await inputs.acquire(wish("/piece", 10, { url: undefined }));
  expect((await readFile(await source.download())).equals(patternBytes(0, 10))).toBe(true);
});

test("bytes are appended from where they were asked for", async () => {
  storage.make("/o", MIB, patternBytes);
  const { source } = await inputs.acquire(wish("/o", MIB));
  const path = join(folder, "joined");
  await writeFile(path, "head");
  await source.appendTo(path, 1_000, 300_000);
  await source.appendTo(path, 0, 5);
  const joined = await readFile(path);
  expect(
    joined.equals(Buffer.concat([Buffer.from("head"), patternBytes(1_000, 301_000), patternBytes(0, 5)])),
  ).toBe(true);
});

test("what is read into memory is the file's, however long it is", async () => {
  storage.make("/o", 2 * MIB, patternBytes);
  const { source } = await inputs.acquire(wish("/o", 2 * MIB));
  const bytes = await source.read(1_000, MIB);
  expect(bytes.equals(patternBytes(1_000, 1_000 + MIB))).toBe(true);
});

test("why bytes did not come is known to the job, whatever its tool made of it", async () => {
  const held = await inputs.acquire(wish("/gone", MIB));
  expect(held.failure()).toBeNull();
  await expect(fetch(held.source.url).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  expect(held.failure()).toMatchObject({ code: "source_gone" });
  const next = await inputs.acquire(wish("/gone", MIB));
  expect(next.failure()).toBeNull();
});

test("an empty input is an empty file", async () => {
  const { source } = await inputs.acquire(wish("/o", 0));
  expect((await readFile(await source.download())).length).toBe(0);
  expect((await ask(source.url)).status).toBe(200);
});

test("downloading 300 MB keeps memory flat", async () => {
  const block = patternBytes(0, 256 * 1_024);
  storage.make("/large", 300 * MIB, (from, to) => block.subarray(0, to - from));
  const { source } = await inputs.acquire(wish("/large", 300 * MIB));
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  await source.download();
  clearInterval(watch);
  expect((peak - before) / MIB).toBeLessThan(120);
});
