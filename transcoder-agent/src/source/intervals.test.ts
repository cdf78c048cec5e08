import fc from "fast-check";
import { expect, test } from "vitest";
import { Intervals } from "./intervals.ts";

const SIZE = 64;
const anyRange = fc
  .tuple(fc.nat(SIZE), fc.nat(SIZE))
  .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);

function marked(ranges: readonly [number, number][]): boolean[] {
  const bytes = Array.from({ length: SIZE }, () => false);
  for (const [from, to] of ranges) bytes.fill(true, from, to);
  return bytes;
}

test("a set of ranges answers as an array of marked bytes would", () => {
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 12 }), anyRange, (added, [from, to]) => {
      const set = new Intervals();
      for (const range of added) set.add(...range);
      const bytes = marked(added);

      expect(set.total).toBe(bytes.filter(Boolean).length);
      const wanted = bytes.map((there, at) => !there && at >= from && at < to);
      expect(marked(set.gaps(from, to).map(([low, high]) => [low, high]))).toEqual(wanted);
      const end = bytes.indexOf(false, from);
      expect(set.runEnd(from)).toBe(bytes[from] ? (end < 0 ? SIZE : end) : from);
      const start = bytes.indexOf(true, from);
      expect(set.nextStart(from, SIZE)).toBe(start < 0 ? SIZE : start);
    }),
  );
});

test("ranges that touch become one", () => {
  const set = new Intervals();
  set.add(0, 4);
  set.add(8, 12);
  set.add(4, 8);
  expect(set.toArray()).toEqual([[0, 12]]);
});
