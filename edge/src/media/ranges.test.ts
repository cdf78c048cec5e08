import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseRange } from "./ranges.ts";

test.each([
  { header: null, size: 10, answer: { kind: "whole" } },
  { header: "bytes=0-0", size: 10, answer: { kind: "part", offset: 0, length: 1 } },
  { header: "bytes=3-", size: 10, answer: { kind: "part", offset: 3, length: 7 } },
  { header: "bytes=-4", size: 10, answer: { kind: "part", offset: 6, length: 4 } },
  { header: "bytes=-40", size: 10, answer: { kind: "part", offset: 0, length: 10 } },
  { header: "bytes=3-99", size: 10, answer: { kind: "part", offset: 3, length: 7 } },
  { header: "BYTES = 3 - 4", size: 10, answer: { kind: "part", offset: 3, length: 2 } },
  { header: "bytes=10-", size: 10, answer: { kind: "unsatisfiable" } },
  { header: "bytes=5-4", size: 10, answer: { kind: "unsatisfiable" } },
  { header: "bytes=-0", size: 10, answer: { kind: "unsatisfiable" } },
  { header: "bytes=-", size: 10, answer: { kind: "unsatisfiable" } },
  { header: "bytes=one-two", size: 10, answer: { kind: "unsatisfiable" } },
  { header: "bytes=0-", size: 0, answer: { kind: "unsatisfiable" } },
  { header: "bytes=0-1,3-4", size: 10, answer: { kind: "whole" } },
  { header: "seconds=0-1", size: 10, answer: { kind: "whole" } },
  { header: "rubbish", size: 10, answer: { kind: "whole" } },
  { header: "bytes=99999999999999999999999-", size: 10, answer: { kind: "unsatisfiable" } },
])("$header of $size bytes is $answer.kind", ({ header, size, answer }) => {
  expect(parseRange(header, size)).toEqual(answer);
});

test("a satisfiable range is the same slice as that of an array", () => {
  const natural = fc.nat(50);
  fc.assert(
    fc.property(natural, fc.option(natural), fc.option(natural), (size, first, last) => {
      fc.pre(first !== null || last !== null);
      const bytes = Array.from({ length: size }, (_, at) => at);
      const answer = parseRange(`bytes=${first ?? ""}-${last ?? ""}`, size);
      const expected =
        first === null
          ? bytes.slice(Math.max(0, size - (last ?? 0)))
          : bytes.slice(first, (last ?? size) + 1);
      if (answer.kind === "part") {
        expect(bytes.slice(answer.offset, answer.offset + answer.length)).toEqual(expected);
      } else {
        expect({ ...answer, expected }).toEqual({ kind: "unsatisfiable", expected: [] });
      }
    }),
  );
});
