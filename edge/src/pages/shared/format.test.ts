import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatLength,
  formatList,
  formatPercent,
  formatUtc,
  formatWait,
} from "./format.ts";

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1_000, "1 kB"],
  [1_540, "1.5 kB"],
  [12_345, "12 kB"],
  [999_499, "999 kB"],
  [999_500, "1 MB"],
  [5_000_000_000, "5 GB"],
  [7_300_000_000_000_000, "7300 TB"],
])("%d bytes read %s", (bytes, words) => expect(formatBytes(bytes)).toBe(words));

test.each([
  [0.2, "0:00"],
  [7, "0:07"],
  [59.6, "1:00"],
  [723, "12:03"],
  [3_723, "1:02:03"],
])("%d seconds last %s", (seconds, words) => expect(formatLength(seconds)).toBe(words));

test.each([
  [0.1, "1 s"],
  [59, "59 s"],
  [80, "1 min"],
  [3_600, "1 h"],
  [7_800, "2 h 10 min"],
])("%d seconds are waited as %s", (seconds, words) => expect(formatWait(seconds)).toBe(words));

test("a share is never full before the end, nor below nothing", () => {
  expect([-1, 0, 0.419, 0.999, 1].map(formatPercent)).toEqual(["0 %", "0 %", "41 %", "99 %", "99 %"]);
});

test("lists, counts and times read as people write them", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(formatList)).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
  expect([0, 999, 1_000, 85_052_291].map(formatCount)).toEqual(["0", "999", "1,000", "85,052,291"]);
  expect(formatUtc(Date.UTC(2026, 10, 20, 9, 5))).toBe("20 Nov 2026, 09:05 UTC");
});
