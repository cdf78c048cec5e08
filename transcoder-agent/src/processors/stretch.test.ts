import { expect, test } from "vitest";
import { HeadStart } from "../source/head-start.ts";
import type { Source } from "./processor.ts";
import { fractionOf, inTurn } from "./stretch.ts";

/** Segments of four seconds. */
function boundariesOf([from, until]: [number, number]): number[] {
  return Array.from({ length: until - from + 1 }, (_, at) => (from + at) * 4);
}

test("a long stretch of the rest stands back for the film's beginning, a short one may be waited for", async () => {
  const start = new HeadStart();
  const source: Pick<Source, "lead" | "standBack"> = {
    lead: (work) => start.lead(work),
    standBack: () => start.standBack(new AbortController().signal),
  };
  const done: string[] = [];
  const beginning = Promise.withResolvers<void>();
  const go = (segments: [number, number], name: string, until: Promise<void> = Promise.resolve()) =>
    inTurn({ segments, boundaries: boundariesOf(segments), origin: 0, timescale: 1 }, source, async () => {
      await until;
      done.push(name);
    });
  const head = go([0, 1], "head", beginning.promise);
  const rest = go([4, 20], "rest");
  await go([7, 11], "awaited");
  expect(done).toEqual(["awaited"]);
  beginning.resolve();
  await Promise.all([head, rest]);
  expect(done).toEqual(["awaited", "head", "rest"]);
});

test("how far a stretch is, is told by its frames, whatever ffmpeg counts its seconds from", () => {
  const segments: [number, number] = [1, 3];
  const stretch = { segments, boundaries: boundariesOf(segments), origin: 0, timescale: 1 };
  const known = { ...stretch, frameRate: 25 };
  // Six of eight seconds, told from the stretch on, and from the film's beginning.
  for (const seconds of [6, 10, null]) expect(fractionOf(known, { frame: 150, seconds })).toBe(0.75);
  expect(fractionOf(known, { frame: 210, seconds: 8 })).toBe(1);
  expect(fractionOf(stretch, { frame: 150, seconds: 10 })).toBe(0.75);
  // Pictures keep the source's times: a film that begins at 100 s in its source.
  const moved = { ...stretch, boundaries: [104, 108, 112], origin: 100 };
  for (const seconds of [6, 110]) expect(fractionOf(moved, { frame: 150, seconds }, 0)).toBe(0.75);
  expect(fractionOf({ ...stretch, boundaries: [4, null] }, { frame: 1, seconds: 1 })).toBe(0);
});
