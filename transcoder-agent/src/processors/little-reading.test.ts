/** The index of a large film costs its tables, not the film: counted where the bytes come from. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Gate } from "../sending/gate.ts";
import { silentLog } from "../rehearsal/log.ts";
import { Storage } from "../rehearsal/storage.ts";
import { Inputs } from "../source/inputs.ts";
import { SourceServer } from "../source/server.ts";
import { makeFilm } from "../testing/footage.ts";
import { Transfer } from "../transfer.ts";
import { headTimes, tabulateTimes } from "./film-times.ts";
import { openReadable } from "./readable.ts";

const MIB = 1_024 * 1_024;
const { signal } = new AbortController();
let folder: string;
let storage: Storage;
let server: SourceServer;
let transfer: Transfer;
let inputs: Inputs;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reading-"));
  storage = await Storage.start();
  server = await SourceServer.start(silentLog);
  transfer = new Transfer();
  inputs = new Inputs({ folder, server, transfer, gate: new Gate(4) });
});
afterAll(async () => {
  await inputs.close();
  await server.close();
  await transfer.close();
  await storage.stop();
  await rm(folder, { recursive: true });
});

/** Bytes that anybody asked the storage for. */
function fetched(path: string, size: number): number {
  return storage.ranges(path).reduce((sum, [from, to]) => sum + Math.min(size, to) - from, 0);
}

async function openFilm(name: string, seconds: number, more: string[]) {
  const noisy = { size: "640x360", video: ["-c:v", "mjpeg", "-q:v", "1"], filter: "noise=alls=60:allf=t" };
  const bytes = await readFile(await makeFilm(folder, name, { seconds, ...noisy, more }));
  const path = `/${name}`;
  storage.put(path, bytes);
  const sign = async () => storage.url(path);
  const { source } = await inputs.acquire({ name, size: bytes.length, url: undefined, sign, signal });
  const readable = await openReadable(source, null);
  const probed = await readable.probe();
  const sounds = probed.streams.filter(({ codec_type: type }) => type === "audio");
  return { film: { readable, probed, position: 0, sounds }, path, size: bytes.length };
}

test.each([
  ["last.mov", []],
  ["first.mov", ["-movflags", "+faststart"]],
])("frame times of %s without the frames", async (name, more) => {
  const { film, path, size } = await openFilm(name, 12, more);
  expect(size).toBeGreaterThan(40 * MIB);
  const probed = fetched(path, size);
  const times = await tabulateTimes(film);
  expect(times?.frames).toBe(360);
  expect(fetched(path, size) - probed).toBeLessThan(5 * MIB);
  // ffprobe looks at the first frames, and what follows them is read ahead.
  expect(probed).toBeLessThan(20 * MIB);
});

test("the head of a film without tables costs its beginning", async () => {
  const { film, path, size } = await openFilm("head.mkv", 40, []);
  expect(size).toBeGreaterThan(120 * MIB);
  expect(await tabulateTimes(film)).toBeNull();
  expect((await headTimes(film, signal))?.head.boundary).toBeGreaterThanOrEqual(4_000);
  expect(fetched(path, size)).toBeLessThan(size / 2);
});
