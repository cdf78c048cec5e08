/** Which shard an upload lands on, in a running house: both are used, and none that is full, draining or failing. */
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startUploadEdge, type UploadEdge } from "./testing/upload-edge.ts";

/** Bytes; a hundred of these are one upload, less than a pipe holds. */
const UNIT = 500;
const FRANKFURT = { lat: 50.1, lon: 8.7 };
const VIRGINIA = { lat: 39, lon: -77.5 };
const weur = { binding: "SHARD_WEUR", bucket: "capcloud-weur", ...FRANKFURT, budget_bytes: 250 * UNIT };
const enam = { binding: "SHARD_ENAM", bucket: "capcloud-enam", ...VIRGINIA, budget_bytes: 150 * UNIT };

async function houseWith(shards: object[]): Promise<UploadEdge> {
  const house = await startUploadEdge({ SHARDS: JSON.stringify(shards) });
  await writeFile(join(house.dataDir, "bytes"), Buffer.alloc(100 * UNIT, 0xee));
  return house;
}

async function upload(house: UploadEdge, door: "raw" | "form" = "raw") {
  const path = join(house.dataDir, "bytes");
  const args = door === "raw" ? ["-T", path] : ["-F", `file=@${path}`];
  const answer = await house.curl(...args, `${house.url}/`);
  const { files } = await house.holdings();
  return { ...answer, shard: files.find(({ id }) => id === answer.json["id"])?.shard };
}

describe("by budget", () => {
  let house: UploadEdge;
  beforeAll(async () => void (house = await houseWith([weur, enam])));
  afterAll(() => house.stop());

  test("the near one until it is full, then the far one, then 507 with a hint", async () => {
    const landed = [await upload(house), await upload(house, "form"), await upload(house)];
    expect(landed.map(({ shard }) => shard)).toEqual(["SHARD_WEUR", "SHARD_WEUR", "SHARD_ENAM"]);
    const refused = await upload(house, "form");
    expect(refused.status).toBe(507);
    expect(refused.json).toMatchObject({
      error: { code: "out_of_space", hint: expect.stringContaining("budget_bytes") },
    });
    const { counted, summed, files } = await house.holdings();
    expect(counted).toEqual({ SHARD_WEUR: 200 * UNIT, SHARD_ENAM: 100 * UNIT });
    expect(summed).toEqual(counted);
    expect(files).toHaveLength(3);
  });

  test("a deleted file's room is given again", async () => {
    const { files } = await house.holdings();
    const far = files.find(({ shard }) => shard === "SHARD_ENAM");
    await (
      await house.edge.database()
    )
      .prepare("UPDATE shards SET used_bytes = 0 WHERE name = 'SHARD_ENAM'")
      .run();
    await (
      await house.edge.database()
    )
      .prepare("UPDATE files SET state = 'deleted' WHERE id = ?")
      .bind(far?.id)
      .run();
    expect((await upload(house)).shard).toBe("SHARD_ENAM");
  });
});

test("fifty at once at the edge of the budget never overshoot it", async () => {
  const house = await houseWith([{ ...weur, budget_bytes: 1_050 * UNIT }]);
  try {
    const answers = await Promise.all(Array.from({ length: 50 }, () => upload(house)));
    const kept = answers.filter(({ status }) => status === 200).length;
    expect(answers.every(({ status }) => status === 200 || status === 507)).toBe(true);
    expect(kept).toBeGreaterThan(0);
    const { counted, summed } = await house.holdings();
    expect(counted["SHARD_WEUR"]).toBe(kept * 100 * UNIT);
    expect(counted["SHARD_WEUR"]).toBeLessThanOrEqual(1_050 * UNIT);
    expect(summed).toEqual(counted);
  } finally {
    await house.stop();
  }
});

test("a draining shard takes nothing new", async () => {
  const house = await houseWith([{ ...weur, state: "draining" }, enam]);
  expect((await upload(house)).shard).toBe("SHARD_ENAM");
  await house.stop();
});

describe("by health", () => {
  let house: UploadEdge;
  beforeAll(
    async () =>
      void (house = await houseWith([
        { ...weur, budget_bytes: 1e9 },
        { ...enam, budget_bytes: 1e9 },
      ])),
  );
  afterAll(() => house.stop());
  const blobs = () => join(house.dataDir, "state", "r2", "capcloud-weur", "blobs");
  const health = async () =>
    await (
      await house.edge.database()
    )
      .prepare("SELECT failures, cooling_until FROM shards WHERE name = 'SHARD_WEUR'")
      .first<{ failures: number; cooling_until: number }>();

  test("an upload that the near shard does not take goes to the far one", async () => {
    expect((await upload(house)).shard).toBe("SHARD_WEUR");
    // The shard's disk is gone: where its folder was, there is a file.
    await rename(blobs(), `${blobs()}.away`);
    await writeFile(blobs(), "");
    for (const door of ["raw", "form"] as const) {
      expect(await upload(house, door)).toMatchObject({ status: 200, shard: "SHARD_ENAM" });
    }
    // The second did not even try.
    expect(await health()).toMatchObject({ failures: 1 });
    expect((await health())?.cooling_until).toBeGreaterThan(Date.now());
    const { counted, summed, files } = await house.holdings();
    expect(counted).toEqual(summed);
    expect(files.every(({ state }) => state === "stored")).toBe(true);
  });

  test("a long body that it stopped taking is tried elsewhere, or refused for now: nothing is left of it", async () => {
    await (await house.edge.database()).prepare("UPDATE shards SET cooling_until = 0").run();
    const before = await house.holdings();
    await writeFile(join(house.dataDir, "long"), Buffer.alloc(5_000 * UNIT, 0xee));
    const answer = await house.curl("-T", join(house.dataDir, "long"), `${house.url}/`);
    const after = await house.holdings();
    if (answer.status !== 200)
      expect(answer.json).toMatchObject({ error: { code: "unavailable", retryable: true } });
    const kept = answer.status === 200 ? 1 : 0;
    expect(after.files).toHaveLength(before.files.length + kept);
    expect(after.objects["SHARD_ENAM"]).toHaveLength((before.objects["SHARD_ENAM"]?.length ?? 0) + kept);
    expect(after.counted).toEqual(after.summed);
    expect(await health()).toMatchObject({ failures: 2 });
    expect((await upload(house)).shard).toBe("SHARD_ENAM");
  });

  test("with the other one failing too there is nobody left: 503 with Retry-After", async () => {
    await (
      await house.edge.database()
    )
      .prepare("UPDATE shards SET cooling_until = ? WHERE name = 'SHARD_ENAM'")
      .bind(Date.now() + 1e6)
      .run();
    const answer = await fetch(`${house.url}/a.bin`, { method: "PUT", body: "abc" });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ error: { code: "unavailable", retryable: true } });
  });

  test("once it has cooled down and works again, it is trusted again", async () => {
    await rm(blobs());
    await rename(`${blobs()}.away`, blobs());
    await (await house.edge.database()).prepare("UPDATE shards SET cooling_until = 1").run();
    expect(await upload(house)).toMatchObject({ status: 200, shard: "SHARD_WEUR" });
    expect(await health()).toEqual({ failures: 0, cooling_until: 0 });
  });
});
