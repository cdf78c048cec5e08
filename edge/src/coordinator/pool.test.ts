/** The time by which a lease is counted, for whoever has waited since it was told what time it is. */
import { expect, test } from "vitest";
import { MINUTE } from "../config.ts";
import { nowAfter } from "./pool.ts";

test("a lease counts from its grant, however long the catalogue took before it", () => {
  expect(nowAfter(Date.now() - MINUTE)).toBeGreaterThan(Date.now() - MINUTE / 2);
});

test("a time to come that a test tells is kept", () => {
  const later = Date.now() + MINUTE;
  expect(nowAfter(later)).toBe(later);
});
