/** What a crash left undone is found and mended: the minute's cron in real workerd, at times of the test's choice. */
import { expect, test } from "vitest";
import { eq } from "drizzle-orm";
import { deleteFile, findFile, reserveFile, storeFile } from "../../catalog/files.ts";
import { listMultiparts, noteMultipart } from "../../catalog/multipart-uploads.ts";
import { unsentWork } from "../../catalog/outbox.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../config.ts";
import { files, renditions } from "../../db/schema.ts";
import { sweepsAt, type Sweep } from "./scheduled.ts";
import { releaseReservations } from "./sweep-uploads.ts";
import { useBench } from "../testing/bench.ts";
import { SHARD } from "../testing/edge.ts";
import { eventually, type TestAgent } from "../testing/test-agent.ts";

const bench = useBench();
/** 04:07 UTC after the next daily sweep, to which nothing made here is past its grace: no sweep but the minute's. */
const quiet = Math.ceil((Date.now() - 3 * HOUR) / DAY) * DAY + 4 * HOUR + 7 * MINUTE;
const quarter = quiet - 7 * MINUTE;
/** Two days on, so that everything made here is past its grace. */
const daily = quarter - HOUR + 2 * DAY;

async function settled(fileId: string) {
  return eventually(async () => {
    const file = await findFile(bench.edge.db, fileId);
    return file && file.status !== "processing" ? file : null;
  });
}

async function made(agent: TestAgent): Promise<string> {
  const fileId = await bench.file("image");
  await bench.finish(agent, await agent.grant("image"));
  agent.ready();
  await settled(fileId);
  return fileId;
}

test("which sweep runs is told by the minute", () => {
  const at = (hour: number, minute: number) => Object.keys(sweepsAt(Date.UTC(2027, 0, 1, hour, minute)));
  const [first, last] = [
    ["sendUnsent", "tellOrders", "tick", "balancePools"],
    ["callFleet", "tellLosses", "sendEvents"],
  ];
  const quarterly = ["releaseReservations", "resendLost"];
  const daily = ["abortOldUploads", "sweepShards", "forgetOld", "forgetAsked", "forgetEvents"];
  expect(at(4, 7)).toEqual([...first, ...last]);
  expect(at(4, 15)).toEqual([...first, ...quarterly, ...last]);
  expect(at(3, 0)).toEqual([...first, ...quarterly, ...daily, ...last]);
});

test("an upload and a deletion that we never heard of arrive with the next minute", async () => {
  const { file } = await bench.edge.storeFile("image");
  await bench.edge.scheduled(quiet);
  const agent = await bench.agent();
  await bench.finish(agent, await agent.grant("image"));
  expect(await settled(file.id)).toMatchObject({ status: "ready" });
  expect(await unsentWork(bench.edge.db, quiet + DAY, 10)).toEqual([]);

  agent.ready();
  const doomed = await bench.file("image");
  await agent.grant("image");
  const row = await findFile(bench.edge.db, doomed);
  if (row) await deleteFile(bench.edge.db, row, Date.now());
  await bench.edge.scheduled(quiet);
  expect((await bench.edge.jobs(doomed)).map((job) => job["state"])).toEqual(["cancelled"]);
});

test("what is done here and unknown there is said once more; what we never heard of begins anew", async () => {
  const agent = await bench.agent();
  const fileId = await made(agent);
  await bench.edge.db.update(files).set({ status: "processing" }).where(eq(files.id, fileId));
  await bench.edge.db.delete(renditions).where(eq(renditions.fileId, fileId));
  await bench.edge.scheduled(quarter);
  expect(await settled(fileId)).toMatchObject({ status: "ready" });
  expect((await listRenditions(bench.edge.db, fileId)).map(({ state }) => state)).toEqual(["ready", "ready"]);

  const { file } = await bench.edge.storeFile("image");
  await bench.edge.db.run(`update work_outbox set sent_at = 1 where file_id = '${file.id}'`);
  await bench.edge.scheduled(quarter);
  await bench.finish(agent, await agent.grant("image"));
  expect(await settled(file.id)).toMatchObject({ status: "ready" });
});

test("objects that nobody refers to are collected after their grace, and nothing else", async () => {
  const agent = await bench.agent();
  const fileId = await made(agent);
  const orphan = `r/${fileId}/image-v/all/9-dead/thumbnail.webp`;
  await bench.edge.bucket.put(orphan, new Uint8Array(10));
  await bench.edge.scheduled(quarter - HOUR);
  expect(await bench.edge.bucket.head(orphan)).not.toBeNull();
  await bench.edge.scheduled(daily);
  expect(await bench.edge.bucket.head(orphan)).toBeNull();
  const row = await findFile(bench.edge.db, fileId);
  expect(await bench.edge.bucket.head(row?.objectKey ?? "")).not.toBeNull();
  for (const { objectKey } of await listRenditions(bench.edge.db, fileId)) {
    expect(await bench.edge.bucket.head(objectKey ?? "")).not.toBeNull();
  }
});

test("many orphans mean a wrong catalogue: nothing is deleted", async () => {
  const agent = await bench.agent();
  const fileId = await made(agent);
  const orphans = Array.from({ length: 40 }, (_, at) => `r/${fileId}/image-v/all/9-dead/${at}.webp`);
  await Promise.all(orphans.map((key) => bench.edge.bucket.put(key, new Uint8Array(10))));
  await bench.edge.scheduled(daily);
  expect(await bench.edge.bucket.head(orphans[0] ?? "")).not.toBeNull();
  await bench.edge.bucket.delete(orphans);
});

test("a derived object that is gone is made again; the file is in the making meanwhile", async () => {
  const agent = await bench.agent();
  const fileId = await made(agent);
  const before = (await listRenditions(bench.edge.db, fileId)).find(({ kind }) => kind === "preview");
  await bench.edge.bucket.delete(before?.objectKey ?? "");
  await bench.edge.scheduled(daily);
  expect(await findFile(bench.edge.db, fileId)).toMatchObject({ status: "processing" });
  await bench.finish(agent, await agent.grant("image"));
  expect(await settled(fileId)).toMatchObject({ status: "ready" });
  const after = (await listRenditions(bench.edge.db, fileId)).find(({ kind }) => kind === "preview");
  expect(after?.objectKey).not.toBe(before?.objectKey);
  expect(await bench.edge.bucket.head(after?.objectKey ?? "")).not.toBeNull();
});

test("uploads that nobody will finish are let go", async () => {
  const now = Date.now();
  const id = "Reserved01";
  const row = {
    id,
    pool: "main",
    owner: "anonymous",
    name: "a",
    extension: "bin",
    type: "x/y",
    kind: "other" as const,
  };
  const place = { size: 5, shard: SHARD, objectKey: `o/${id}/n`, deleteKeyHash: "h", now };
  await reserveFile(bench.edge.db, { ...row, ...place }, 10 ** 12);
  await bench.edge.bucket.put(place.objectKey, new Uint8Array(5));
  const upload = await bench.edge.bucket.createMultipartUpload("r/x/y");
  const noted = { uploadId: upload.uploadId, shard: SHARD, objectKey: "r/x/y" };
  await noteMultipart(bench.edge.db, noted, now);
  await bench.edge.scheduled(daily);
  expect(await bench.edge.db.query.files.findFirst({ where: eq(files.id, id) })).toBeUndefined();
  expect(await bench.edge.bucket.head(place.objectKey)).toBeNull();
  expect(await listMultiparts(bench.edge.db, daily, 10)).toEqual([]);
  await expect(upload.uploadPart(1, new Uint8Array(10))).rejects.toThrow();
});

test("an upload that finishes while reservations are swept keeps its bytes", async () => {
  const { db, bucket } = bench.edge;
  const now = Date.now();
  const ids = ["Reserved02", "Reserved03"];
  const keyOf = (id: string) => `o/${id}/n`;
  for (const id of ids) {
    const row = {
      id,
      pool: "main",
      owner: "anonymous",
      name: "a",
      extension: "bin",
      type: "x/y",
      kind: "other" as const,
    };
    const place = { size: 5, shard: SHARD, objectKey: keyOf(id), deleteKeyHash: "h", now };
    await reserveFile(db, { ...row, ...place }, 10 ** 12);
    await bucket.put(keyOf(id), new Uint8Array(5));
  }
  // The other upload ends the moment the sweep is at the first.
  const finishing = new Proxy(bucket, {
    get: (target, name) => {
      if (name !== "delete") return Reflect.get(target, name) as unknown;
      return async (key: string) => {
        const other = ids.find((id) => keyOf(id) !== key) ?? "";
        const stored = { size: 5, sha256: other, status: "ready" as const, outboxId: null, now };
        await storeFile(db, other, stored);
        await target.delete(key);
      };
    },
  });
  const env = { [SHARD]: finishing } as unknown as Env;
  await releaseReservations({ env, db, now: now + 2 * HOUR } as Sweep);
  const kept = await Promise.all(ids.map((id) => bucket.head(keyOf(id))));
  const rows = await Promise.all(ids.map((id) => findFile(db, id)));
  expect(rows.filter((row) => row?.state === "stored")).toHaveLength(1);
  expect(kept.map((object) => object !== null)).toEqual(rows.map((row) => row?.state === "stored"));
});

test("after a month the ledger forgets what is over, and only that", async () => {
  const agent = await bench.agent();
  const over = await made(agent);
  const open = await bench.file("image");
  await bench.edge.scheduled(daily);
  expect(await bench.edge.jobs(over)).toHaveLength(1);
  await bench.edge.calls.forgetOld(Date.now() + 31 * DAY);
  expect(await bench.edge.jobs(over)).toEqual([]);
  expect(await bench.edge.jobs(open)).toHaveLength(1);
  expect((await listRenditions(bench.edge.db, over)).map(({ state }) => state)).toEqual(["ready", "ready"]);
});

test("words to the catalogue that failed are said again by the alarm's pass", async () => {
  const agent = await bench.agent();
  const fileId = await bench.file("image");
  const grant = await agent.grant("image");
  await bench.edge.db.run("alter table renditions rename to renditions_away");
  await bench.finish(agent, grant);
  await eventually(async () => {
    const [row] = await bench.edge.sql("select tries from outbox");
    return Number(row?.["tries"]) >= 1;
  });
  await bench.edge.db.run("alter table renditions_away rename to renditions");
  await bench.edge.calls.tick(Date.now() + 10 * SECOND);
  expect(await settled(fileId)).toMatchObject({ status: "ready" });
});
