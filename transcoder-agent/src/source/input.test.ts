import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobError } from "../errors.ts";
import { patternBytes } from "../rehearsal/storage.ts";
import { until } from "../rehearsal/until.ts";
import { Input, JUMP_BYTES, type Fetch } from "./input.ts";
import type { Interval } from "./intervals.ts";

const MIB = 1_024 * 1_024;
const never = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "input-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A storage that counts how often each range is asked for. */
function fetcher(chunkBytes = 64 * 1_024) {
  const asked: Interval[] = [];
  const fetch: Fetch = async ([from, to], sink, signal) => {
    asked.push([from, to]);
    for (let at = from; at < to; at += chunkBytes) {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      await sink(patternBytes(at, Math.min(to, at + chunkBytes)), at);
    }
  };
  return { asked, fetch };
}

function eachByteOnce(asked: Interval[], size: number) {
  const sorted = asked.toSorted(([a], [b]) => a - b);
  sorted.forEach(([from, to], index) => {
    expect(from).toBeGreaterThanOrEqual(sorted[index - 1]?.[1] ?? 0);
    expect(to).toBeLessThanOrEqual(size);
  });
}

async function collect(input: Input, from: number, to: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of input.read(from, to, never)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

test("any readers at once get the right bytes, and each byte is fetched once", async () => {
  const sizes = fc.integer({ min: 1, max: 24 * MIB });
  const reads = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 3 * MIB })),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  await fc.assert(
    fc.asyncProperty(sizes, reads, async (size, wanted) => {
      const { asked, fetch } = fetcher();
      const input = await Input.open(join(folder, randomUUID()), size, fetch);
      await Promise.all(
        wanted.map(async ([place, length]) => {
          const from = Math.floor(place * (size - 1));
          const to = Math.min(size, from + length);
          expect((await collect(input, from, to)).equals(patternBytes(from, to))).toBe(true);
        }),
      );
      eachByteOnce(asked, size);
      await input.fill(0, size, never);
      eachByteOnce(asked, size);
      expect(asked.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(size);
      expect(input.missing).toBe(0);
      expect((await readFile(input.path)).equals(patternBytes(0, size))).toBe(true);
      await input.close();
    }),
    { numRuns: 25 },
  );
});

test("a jump to the end costs one request, and what lies between is not fetched", async () => {
  const { asked, fetch } = fetcher();
  const size = 500 * MIB;
  const input = await Input.open(join(folder, "sparse"), size, fetch);
  await collect(input, 0, 1_000);
  await collect(input, size - 3 * MIB, size);
  expect(asked).toEqual([
    [0, expect.any(Number)],
    [size - 3 * MIB, size],
  ]);
  expect(size - input.missing).toBeLessThan(20 * MIB);
  await input.close();
});

test("the file is sparse: what was not fetched takes no room", async () => {
  const { fetch } = fetcher();
  const input = await Input.open(join(folder, "sparse"), 4_000 * MIB, fetch);
  await collect(input, 2_000 * MIB, 2_000 * MIB + 10);
  const { size, blocks } = await stat(input.path);
  expect(size).toBe(4_000 * MIB);
  expect(blocks * 512).toBeLessThan(40 * MIB);
  await input.close();
});

test("a reader that goes on finds the bytes ahead already asked for", async () => {
  const { asked, fetch } = fetcher();
  const input = await Input.open(join(folder, "sparse"), 100 * MIB, fetch);
  await collect(input, 0, JUMP_BYTES);
  const reader = input.read(0, 100 * MIB, never);
  for (let read = 0; read < 2 * JUMP_BYTES;) read += (await reader.next()).value?.length ?? 0;
  const furthest = Math.max(...asked.map(([, to]) => to));
  expect(furthest).toBeGreaterThan(2 * JUMP_BYTES + 2 * MIB);
  expect(furthest).toBeLessThan(50 * MIB);
  await reader.return(undefined);
  await input.close();
});

/** A storage that goes on only when it is told to. */
function slowFetcher() {
  const asked: Interval[] = [];
  const ends: (() => void)[] = [];
  const fetch: Fetch = async ([from, to], sink) => {
    asked.push([from, to]);
    await new Promise<void>((resolve) => ends.push(resolve));
    await sink(patternBytes(from, to), from);
  };
  return { asked, fetch, next: () => ends.shift()?.() };
}

test("who stands aside fetches nothing while others do, and takes what they fetch", async () => {
  const { asked, fetch, next } = slowFetcher();
  const input = await Input.open(join(folder, "sparse"), 30 * MIB, fetch);
  const front = input.read(0, MIB, never).next();
  await until("the front is being fetched", () => asked.length === 1);
  const aside = input.read(20 * MIB, 21 * MIB, never, true).next();
  const along = input.read(MIB / 2, MIB, never, true).next();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toHaveLength(1);
  next();
  expect((await front).value?.length).toBeGreaterThan(0);
  expect((await along).value?.length).toBeGreaterThan(0);
  await until("nobody else fetches", () => asked.length === 2);
  expect(asked[1]?.[0]).toBe(20 * MIB);
  next();
  expect((await aside).value?.length).toBeGreaterThan(0);
  await input.close();
});

test("who stands aside gets on after a while, however slow the line is", async () => {
  const { asked, fetch, next } = slowFetcher();
  const input = await Input.open(join(folder, "sparse"), 30 * MIB, fetch, 20);
  const front = input.read(0, MIB, never).next();
  const aside = input.read(20 * MIB, 21 * MIB, never, true).next();
  await until("both are being fetched", () => asked.length === 2);
  next();
  next();
  await Promise.all([front, aside]);
  await input.close();
});

test("a failed fetch fails who waits for those bytes, keeps what came, and can be tried again", async () => {
  const { asked, fetch } = fetcher();
  let broken = true;
  const flaky: Fetch = async (range, sink, signal) => {
    if (!broken) return fetch(range, sink, signal);
    if (range[0] === 0) await sink(patternBytes(0, 100), 0);
    throw new JobError("network", "away");
  };
  const input = await Input.open(join(folder, "sparse"), MIB, flaky);
  await expect(collect(input, 0, MIB)).rejects.toMatchObject({ code: "network" });
  broken = false;
  expect(await collect(input, 0, MIB)).toEqual(patternBytes(0, MIB));
  expect(asked).toEqual([[100, MIB]]);
  await input.close();
});

test("rest ends what is under way; an aborted reader stops alone", async () => {
  const input = await Input.open(join(folder, "sparse"), MIB, (_range, _sink, signal) => {
    return new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error)),
    );
  });
  const control = new AbortController();
  const reason = new Error("dropped");
  const one = input.read(0, MIB, control.signal).next();
  const other = input.read(10, MIB, never).next();
  const full = input.fill(0, MIB, never);
  control.abort(reason);
  await expect(one).rejects.toBe(reason);
  input.rest();
  await expect(other).rejects.toThrow(/nobody reads/);
  await expect(full).rejects.toThrow(/nobody reads/);
  await input.close();
});
