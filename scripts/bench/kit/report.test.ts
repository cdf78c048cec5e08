import { expect, test } from "vitest";
import { broken, judge } from "../benchmark.ts";
import { json, number, table } from "./report.ts";

const fast = { case: "60 s", value: 1.0712, unit: "ratio", target: { most: 1.1 } };

test("a figure passes by its target and all its guards", () => {
  expect(judge("B1", fast).pass).toBe(true);
  expect(judge("B1", { ...fast, value: 1.2 }).pass).toBe(false);
  expect(judge("B7", { ...fast, target: { least: 0.9 } }).pass).toBe(true);
  expect(judge("B7", { ...fast, value: 0.8, target: { least: 0.9 } }).pass).toBe(false);
  const guards = {
    frames: { pass: true, said: "600 of 600" },
    ssim: { pass: false, said: "0.9 below 0.95" },
  };
  expect(judge("B1", { ...fast, guards }).pass).toBe(false);
});

test("the table names what was measured, what was wanted and which guard did not hold", () => {
  const guards = { ssim: { pass: false, said: "0.90 against 0.95" } };
  const text = table({ id: "B1", title: "ours over bare" }, [
    judge("B1", { ...fast, guards, notes: ["encode 61 %"] }),
    broken("B1", new Error("no ffmpeg")),
  ]);
  expect(text).toMatch(/^B1 {2}ours over bare\n/);
  expect(text).toMatch(
    /B1 +60 s +1\.07 ratio +≤ 1\.1 +MISSED +ssim FAILED\n +ssim: 0\.90 against 0\.95\n +encode 61 %/,
  );
  expect(text).toMatch(/not run +MISSED +ran FAILED\n +ran: no ffmpeg/);
});

test("the JSON is one line in the agreed shape", () => {
  const line = json([judge("B1", fast)]);
  expect(line).not.toContain("\n");
  expect(JSON.parse(line)).toMatchObject({
    benchmarks: [
      { id: "B1", case: "60 s", value: 1.0712, unit: "ratio", target: 1.1, pass: true, guards: {} },
    ],
  });
});

test.each([
  [0, "0"],
  [1.0712, "1.07"],
  [1310.4, "1310"],
  [0.00042, "4.2e-4"],
])("%f is written %s", (value, text) => {
  expect(number(value)).toBe(text);
});
