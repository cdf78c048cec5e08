import { expect, test } from "vitest";
import { areFew } from "./sweep-objects.ts";

const keys = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}/file/${at}`);
const shard = (originals: number, derived: number) => ({ originals, derived });

test.each([
  ["a handful of anything", keys("o", 20), shard(30, 0), true],
  ["what a night of dying agents left", keys("r", 56), shard(90, 810), true],
  ["as many originals", keys("o", 56), shard(900, 0), false],
  ["a third of all that was derived", keys("r", 300), shard(90, 810), false],
  ["both, each few of their kind", [...keys("r", 100), ...keys("o", 40)], shard(900, 900), true],
  ["a few originals, of fewer", [...keys("r", 100), ...keys("o", 40)], shard(100, 900), false],
] as const)("%s: collected or not", (_what, orphans, objects, few) => {
  expect(areFew(orphans, objects)).toBe(few);
});

test("a catalogue from before the last 150 of 1,000 files deletes none of them, however much was derived", () => {
  const newer = [...keys("o", 150), ...keys("r", 1_500)];
  expect(areFew(newer, shard(1_000, 10_000))).toBe(false);
});
