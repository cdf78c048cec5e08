/** The catalogue against a real D1: states, counters that always equal the sums, and statements that may run twice. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../../scripts/local-edge.ts";
import { type Database, openDatabase } from "../db/client.ts";
import { originalKey } from "../storage/object-keys.ts";
import {
  deleteFile,
  describeFile,
  findFile,
  listExpiredReservations,
  releaseReservation,
  reserveFile,
  settleFile,
  storeFile,
} from "./files.ts";
import { ulid } from "./ids.ts";
import { markWorkSent, unsentWork } from "./outbox.ts";
import { commitRectangle, listRectangles } from "./rectangles.ts";
import {
  commitRendition,
  findRendition,
  listRenditions,
  markRenditions,
  wantRenditions,
} from "./renditions.ts";
import { usedBytes } from "./testing/sums.ts";

const SHARDS = ["SHARD_WEUR", "SHARD_ENAM"];
const NOW = 1_800_000_000_000;
const BUDGET = 1e9;
let edge: LocalEdge;
let d1: D1Database;
let db: Database;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "capcloud-catalog-"));
  edge = await startLocalEdge({ dataDir });
  d1 = await edge.database();
  db = openDatabase(d1);
});
afterAll(async () => {
  await edge.stop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  const tables = ["files", "renditions", "plans", "rectangles", "work_outbox", "shards"];
  await d1.batch(tables.map((table) => d1.prepare(`DELETE FROM ${table}`)));
});

const reservation = (id: string, size = 1_000, shard = "SHARD_WEUR") => ({
  id,
  owner: "anonymous",
  name: "a.mp4",
  extension: "mp4",
  type: "video/mp4",
  kind: "video" as const,
  size,
  shard,
  pool: "main",
  objectKey: originalKey(id, "n"),
  deleteKeyHash: "0".repeat(64),
  now: NOW,
});
const bytes = (size: number, outboxId: string | null = null) => ({
  size,
  sha256: "ab".repeat(32),
  status: "processing" as const,
  outboxId,
  now: NOW + 1,
});
const rendition = (fileId: string, name: string, version: string, size: number) => ({
  fileId,
  kind: "thumbnail" as const,
  name,
  version,
  type: "image/webp",
  width: 320,
  height: 180,
  size,
  objectKey: `r/${fileId}/${version}/${name}`,
  etag: "e",
  now: NOW + 2,
});
const rectangle = (fileId: string, jobId: string, size: number) => ({
  planId: `plan-${fileId}`,
  track: "480",
  jobId,
  fileId,
  objectKey: `r/${fileId}/${jobId}`,
  size,
  etag: "e",
  codecs: "avc1.64001f",
  initOffset: 0,
  initLength: 700,
  segments: [],
  createdAt: NOW + 3,
});

async function store(id: string, size = 1_000, shard = "SHARD_WEUR") {
  await reserveFile(db, reservation(id, size, shard), BUDGET);
  return await storeFile(db, id, bytes(size));
}

describe("a file's life", () => {
  test("reserved, then stored: seen only then, with its true size and work for the coordinator", async () => {
    expect(await reserveFile(db, reservation("f1", 5_000), BUDGET)).toBe("reserved");
    expect(await findFile(db, "f1")).toBeNull();
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(5_000);

    const id = ulid(NOW);
    expect(await storeFile(db, "f1", bytes(4_200, id))).toMatchObject({ state: "stored", size: 4_200 });
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(4_200);
    expect(await unsentWork(db, NOW + 2, 10)).toMatchObject([{ id, action: "enqueue", fileId: "f1" }]);
    expect(await unsentWork(db, NOW + 1, 10)).toEqual([]);
    await markWorkSent(db, [id], NOW + 5);
    expect(await unsentWork(db, NOW + 2, 10)).toEqual([]);
  });

  test("a second acknowledgement gets the same file and writes nothing", async () => {
    await reserveFile(db, reservation("f1"), BUDGET);
    const first = await storeFile(db, "f1", bytes(900, ulid(NOW)));
    const second = await storeFile(db, "f1", bytes(900, ulid(NOW + 1)));
    expect(second).toEqual(first);
    expect(await unsentWork(db, NOW + 10, 10)).toHaveLength(1);
  });

  test("a full shard refuses and keeps nothing; just full is not full", async () => {
    expect(await reserveFile(db, reservation("f1", 600), 1_000)).toBe("reserved");
    expect(await reserveFile(db, reservation("f2", 401), 1_000)).toBe("full");
    expect(await reserveFile(db, reservation("f3", 400), 1_000)).toBe("reserved");
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(1_000);
  });

  test("an id that another file has is not given twice", async () => {
    await reserveFile(db, reservation("f1"), BUDGET);
    expect(await reserveFile(db, { ...reservation("f1"), objectKey: "o/f1/other" }, BUDGET)).toBe("taken");
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(1_000);
  });

  test("a reservation lapses; what was stored meanwhile does not", async () => {
    await reserveFile(db, reservation("f1"), BUDGET);
    await store("f2");
    expect((await listExpiredReservations(db, NOW + 1)).map(({ id }) => id)).toEqual(["f1"]);
    expect(await releaseReservation(db, "f1")).toBe(true);
    expect(await releaseReservation(db, "f1")).toBe(false);
    expect(await releaseReservation(db, "f2")).toBe(false);
    expect(await storeFile(db, "f1", bytes(1_000, ulid(NOW)))).toBeNull();
    expect(await unsentWork(db, NOW + 10, 10)).toEqual([]);
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(1_000);
  });

  test("deleted for ever, once, with all that was derived; what comes late changes nothing", async () => {
    await store("f1");
    await commitRendition(db, rendition("f1", "a", "v1", 100));
    await commitRectangle(db, rectangle("f1", "j1", 300));
    const work = await deleteFile(db, { id: "f1", shard: "SHARD_WEUR" }, NOW + 9);
    expect(work).toMatchObject({ action: "cancel", fileId: "f1" });
    expect(await deleteFile(db, { id: "f1", shard: "SHARD_WEUR" }, NOW + 10)).toBeNull();
    expect(await findFile(db, "f1")).toMatchObject({ state: "deleted", deletedAt: NOW + 9 });

    await commitRendition(db, rendition("f1", "b", "v1", 100));
    await commitRectangle(db, rectangle("f1", "j2", 300));
    await settleFile(db, "f1", "ready", null);
    await describeFile(db, "f1", { width: 5 });
    expect(await listRenditions(db, "f1")).toEqual([]);
    expect(await listRectangles(db, "plan-f1")).toEqual([]);
    expect(await findFile(db, "f1")).toMatchObject({ status: "processing", width: null });
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(0);
  });
});

describe("renditions", () => {
  test("a ready one is final for its version; a new version takes its place", async () => {
    await store("f1");
    await commitRendition(db, rendition("f1", "t", "v1", 100));
    await commitRendition(db, { ...rendition("f1", "t", "v1", 777), etag: "late" });
    expect(await findRendition(db, "f1", "thumbnail", "t")).toMatchObject({
      size: 100,
      etag: "e",
      state: "ready",
    });
    await markRenditions(db, "f1", "thumbnail", ["t"], "failed", "too late", NOW);
    expect(await findRendition(db, "f1", "thumbnail", "t")).toMatchObject({ state: "ready", reason: null });
    await commitRendition(db, rendition("f1", "t", "v2", 250));
    expect(await findRendition(db, "f1", "thumbnail", "t")).toMatchObject({ size: 250, version: "v2" });
    const { counted, summed } = await usedBytes(d1, SHARDS);
    expect(counted["SHARD_WEUR"]).toBe(1_250);
    expect(summed).toEqual(counted);
  });

  test("wanted twice is wanted once, and a failed one can still be made", async () => {
    await store("f1");
    const wanted = Array.from({ length: 25 }, (_, i) => ({
      fileId: "f1",
      kind: "rung" as const,
      name: String(i),
      version: "p",
      type: "application/vnd.apple.mpegurl",
      width: 640,
      height: 360,
      now: NOW,
    }));
    await wantRenditions(db, wanted);
    await wantRenditions(db, wanted);
    expect(await listRenditions(db, "f1")).toHaveLength(25);
    await markRenditions(db, "f1", "rung", ["3"], "failed", "broken off", NOW);
    await commitRendition(db, { ...rendition("f1", "3", "p", 9_000), kind: "rung", objectKey: null });
    expect(await findRendition(db, "f1", "rung", "3")).toMatchObject({
      state: "ready",
      reason: null,
      size: 9_000,
    });
    // A rung's bytes are those of its rectangles.
    expect((await usedBytes(d1, SHARDS)).counted["SHARD_WEUR"]).toBe(1_000);
  });
});

test("after any mixture of operations, each done once or twice, the counters equal the sums", async () => {
  const id = fc.constantFrom("f1", "f2", "f3");
  const size = fc.integer({ min: 1, max: 5_000 });
  const twice = fc.boolean();
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("reserve" as const), id, size, shard: fc.constantFrom(...SHARDS), twice }),
    fc.record({
      kind: fc.constantFrom("store" as const, "rendition" as const, "rectangle" as const),
      id,
      size,
      twice,
    }),
    fc.record({ kind: fc.constantFrom("release" as const, "delete" as const), id, twice }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
      await d1.batch(
        ["files", "renditions", "rectangles", "shards"].map((table) => d1.prepare(`DELETE FROM ${table}`)),
      );
      for (const one of operations) {
        for (let run = 0; run < (one.twice ? 2 : 1); run++) await perform(one);
      }
      const { counted, summed } = await usedBytes(d1, SHARDS);
      expect(counted).toEqual(summed);
    }),
    { numRuns: 40 },
  );
});

type Operation =
  | { kind: "reserve"; id: string; size: number; shard: string }
  | { kind: "store" | "rendition" | "rectangle"; id: string; size: number }
  | { kind: "release" | "delete"; id: string };

async function perform(one: Operation): Promise<void> {
  switch (one.kind) {
    case "reserve":
      return void (await reserveFile(db, reservation(one.id, one.size, one.shard), 12_000));
    case "store":
      return void (await storeFile(db, one.id, bytes(one.size)));
    case "rendition":
      return void (await commitRendition(db, rendition(one.id, "t", `v${one.size % 2}`, one.size)));
    case "rectangle":
      return await commitRectangle(db, rectangle(one.id, `j${one.size % 3}`, one.size));
    case "release":
      return void (await releaseReservation(db, one.id));
    case "delete": {
      const file = await findFile(db, one.id);
      if (file !== null) await deleteFile(db, file, NOW);
    }
  }
}
