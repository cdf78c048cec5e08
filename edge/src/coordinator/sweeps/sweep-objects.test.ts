import { expect, test } from "vitest";
import { areFew } from "./sweep-objects.ts";

const keys = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}/file/${at}`);

test.each([
  ["a handful of anything", keys("o", 20), 30, true],
  ["what a night of dying agents left", keys("r", 56), 900, true],
  ["as many originals", keys("o", 56), 900, false],
  ["a third of all that was derived", keys("r", 300), 900, false],
  ["both, each few", [...keys("r", 100), ...keys("o", 40)], 1_000, true],
] as const)("%s: collected or not", (_what, orphans, objects, few) => {
  expect(areFew(orphans, objects)).toBe(few);
});
