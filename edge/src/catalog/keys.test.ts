/** Ids and secrets: their alphabets, their chance, and agents' keys against a real D1. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalEdge } from "../../../scripts/local-edge.ts";
import { openDatabase } from "../db/client.ts";
import { createAgent, revokeAgent, verifyAgentKey } from "./agents.ts";
import { base62, equalHashes, hashSecret, newSecret, newSlug, ulid } from "./ids.ts";
import { noteShardFailure, noteShardSuccess, listShardUsage } from "./shard-usage.ts";

test("every letter of a slug is as likely as every other", () => {
  const slugs = Array.from({ length: 20_000 }, () => newSlug());
  expect(new Set(slugs).size).toBe(slugs.length);
  const counts = new Map<string, number>();
  for (const letter of slugs.join("")) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  expect(counts.size).toBe(62);
  const expected = 200_000 / 62;
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 61 degrees of freedom: a fair source exceeds 130 once in a million runs.
  expect(chi).toBeLessThan(130);
});

test("bytes that would favour the first letters are thrown away", () => {
  const bytes = [255, 248, 247, 0];
  const random = (length: number) => Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length] ?? 0);
  expect(base62(4, random)).toBe("z0z0");
});

test("a slug that is one of our own words is thrown away", () => {
  let letter = 9;
  const random = (length: number) => new Uint8Array(length).fill(++letter);
  expect(newSlug(random, (word) => word === "AAAAAAAAAA")).toBe("BBBBBBBBBB");
});

test("a ULID sorts by its time", () => {
  const ids = [1, 1_000, 1_800_000_000_000, 1_800_000_000_001].map((now) => ulid(now));
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  const zeros = (length: number) => new Uint8Array(length);
  expect(ulid(1_469_918_176_385, zeros)).toBe("01ARYZ6S410000000000000000");
});

test("secrets have 256 bits, and their hashes are compared whole", async () => {
  expect(newSecret()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const hash = await hashSecret("abc");
  expect(hash).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(equalHashes(hash, hash)).toBe(true);
  expect(equalHashes(hash, `${hash.slice(0, -1)}e`)).toBe(false);
  expect(equalHashes(hash, hash.slice(0, -1))).toBe(false);
  expect(equalHashes("", hash)).toBe(false);
});

test("an agent's key opens for that agent alone, until it is revoked; a shard's failures cool it down", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "capcloud-keys-"));
  const edge = await startLocalEdge({ dataDir });
  const db = openDatabase(await edge.database());
  try {
    const one = await createAgent(db, { label: "attic" });
    const other = await createAgent(db, { label: "cellar" });
    expect(await verifyAgentKey(db, one.key)).toMatchObject({ id: one.id, label: "attic" });
    const secret = (key: string) => key.split("_").slice(2).join("_");
    const wrong = [
      "",
      "cca_",
      one.key.slice(0, -1),
      `${one.key}x`,
      `cca_${one.id}_${secret(other.key)}`,
      `cca_000000000000_${secret(one.key)}`,
      one.key.toLowerCase(),
    ];
    for (const key of wrong) expect(await verifyAgentKey(db, key), key).toBeNull();
    expect(await revokeAgent(db, one.id)).toBe(true);
    expect(await revokeAgent(db, one.id)).toBe(false);
    expect(await verifyAgentKey(db, one.key)).toBeNull();
    expect(await verifyAgentKey(db, other.key)).not.toBeNull();

    const cooling = async () => (await listShardUsage(db))[0]?.coolingUntil;
    const waits = [];
    for (let i = 0; i < 9; i++) {
      await noteShardFailure(db, "SHARD_WEUR", 0);
      waits.push((await cooling()) ?? 0);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600].map((seconds) => seconds * 1_000));
    await noteShardSuccess(db, "SHARD_WEUR");
    expect((await listShardUsage(db))[0]).toMatchObject({ failures: 0, coolingUntil: 0 });
  } finally {
    await edge.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
