/** Files spread over pools. Which pools there are in a catalogue stands in `coordinator/pools/pools.test.ts`, on a real one. */
import { expect, test } from "vitest";
import { newSlug } from "./ids.ts";
import { choosePool } from "./pools.ts";

test("where there is one pool every file is its", () => {
  expect(choosePool(newSlug(), ["main"])).toBe("main");
});

test("a file's pool is always the same", () => {
  const id = newSlug();
  const pools = ["main", "second", "third"];
  expect(new Set(Array.from({ length: 5 }, () => choosePool(id, pools))).size).toBe(1);
});

test.each([
  ["random ids", () => newSlug()],
  [
    "ids that differ in their first letters only",
    (at: number) => `${at.toString(36).padStart(3, "0")}AAAAAAA`,
  ],
  [
    "ids that differ in their last letters only",
    (at: number) => `AAAAAAA${at.toString(36).padStart(3, "0")}`,
  ],
])("%s spread evenly", (_, idOf) => {
  const pools = ["main", "second", "third", "fourth"];
  const counts = new Map(pools.map((pool) => [pool, 0]));
  for (let at = 0; at < 4_000; at++) {
    const pool = choosePool(idOf(at), pools);
    counts.set(pool, (counts.get(pool) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(count).toBeGreaterThan(850);
});
