import fc from "fast-check";
import { expect, test } from "vitest";
import { median, quantile, slope, spread } from "./statistics.ts";

test("a median lies in the middle, whatever the order", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow();
});

test("a quantile is never outside of what was measured, and grows with its part", () => {
  const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(samples, fc.double({ min: 0, max: 0.5, noNaN: true }), (values, part) => {
      const found = quantile(values, part);
      expect(found).toBeGreaterThanOrEqual(Math.min(...values));
      expect(quantile(values, part + 0.5)).toBeGreaterThanOrEqual(found);
    }),
  );
});

test("one wild point does not bend a slope", () => {
  const straight = [20, 60, 180, 600].flatMap((x): [number, number][] => [
    [x, 1 + x / 100],
    [x, 1 + x / 100],
  ]);
  expect(slope(straight)).toBeCloseTo(0.01);
  expect(slope([...straight, [60, 90]])).toBeCloseTo(0.01, 3);
});

test("a spread names both ends", () => {
  expect(spread([1.119, 1.021, 1.05])).toBe("1.02–1.12");
});
