import { expect, test } from "vitest";
import { throughAt } from "./throttle.ts";

test("bytes queue behind those before them, and a line that was idle owes nothing", () => {
  const first = throughAt(0, 1_000, 500, 1_000);
  expect(first).toBe(1_500);
  expect(throughAt(first, 1_100, 500, 1_000)).toBe(2_000);
  expect(throughAt(first, 9_000, 500, 1_000)).toBe(9_500);
});
