import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clampPan, fitScale, zoomAt } from "./zoom.ts";

const board = { stage: { width: 1_000, height: 500 }, picture: { width: 4_000, height: 4_000 } };

test("a picture is shrunk to fit and never blown up", () => {
  expect(fitScale(board)).toBe(0.125);
  expect(fitScale({ ...board, picture: { width: 20, height: 20 } })).toBe(1);
  expect(fitScale({ ...board, picture: { width: 0, height: 0 } })).toBe(1);
});

test("what lies under the pointer stays under it", () => {
  const before = { scale: 0.5, x: 40, y: -30 };
  const at = { x: 100, y: 60 };
  const after = zoomAt(before, 1, at, board);
  const under = (view: typeof before) => [(at.x - view.x) / view.scale, (at.y - view.y) / view.scale];
  expect(under(after)).toEqual(under(before));
});

test("panning never leaves a gap beside a picture that is larger than the stage", () => {
  const number = fc.double({ min: -1e5, max: 1e5, noNaN: true });
  fc.assert(
    fc.property(number, number, fc.double({ min: 0.25, max: 16, noNaN: true }), (x, y, scale) => {
      const view = clampPan({ scale, x, y }, board);
      expect(Math.abs(view.x)).toBeLessThanOrEqual((4_000 * scale - 1_000) / 2);
      expect(Math.abs(view.y)).toBeLessThanOrEqual((4_000 * scale - 500) / 2);
    }),
  );
});
