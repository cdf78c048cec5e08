import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countSegments, planRectangles, type Rectangle } from "./rectangles.ts";
import { awaitedRectangle, awaitedStretch, isAwaitedPart, splitRectangle, trimRectangle } from "./reshape.ts";
import { anyFrames, COPYABLE_PLAN, evenFrames, planOf } from "./testing/plans.ts";

const plan = planOf(evenFrames(120));
const nobody = () => false;
const only =
  (...segments: number[]) =>
  (segment: number) =>
    segments.includes(segment);

test("whoever seeks gets one segment of one rung first, whoever plays on three, never what is there already", () => {
  expect(awaitedRectangle(plan, "720", 20, nobody)).toEqual({
    ...{ part: "wait.720.20-21", segments: [20, 21], rungs: ["720"] },
  });
  expect(awaitedRectangle(plan, "720", 21, only(20)).segments).toEqual([21, 24]);
  expect(awaitedRectangle(plan, "720", 21, only(20, 23)).segments).toEqual([21, 23]);
  expect(awaitedRectangle(plan, "720", 29, only(28)).segments).toEqual([29, 30]);
  expect(awaitedRectangle(plan, "720", 0, nobody).segments).toEqual([0, 1]);
});

test("of sound a quarter of a minute is made, up to what is there", () => {
  expect(awaitedStretch(plan, "audio-0", 20, nobody)).toEqual({
    ...{ part: "wait.audio-0.20-24", track: "audio-0", segments: [20, 24] },
  });
  expect(awaitedStretch(plan, "audio-0", 20, only(22)).segments).toEqual([20, 22]);
  expect(awaitedStretch(plan, "audio-0", 29, nobody).segments).toEqual([29, 30]);
});

test("what is made out of turn is told from what is planned by its part", () => {
  expect(isAwaitedPart(awaitedRectangle(plan, "720", 3, nobody).part)).toBe(true);
  expect(isAwaitedPart(awaitedStretch(plan, "audio-0", 3, nobody).part)).toBe(true);
  expect(planRectangles(plan).some(({ part }) => isAwaitedPart(part))).toBe(false);
});

const anyClaims = fc.array(fc.tuple(fc.constantFrom("480", "720", "1080"), fc.nat(40)), { maxLength: 80 });

test("a trimmed rectangle still makes all that nobody owns, begins and ends with it, and is the same job", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.integer({ min: 1, max: 15 }), anyClaims, (from, length, claims) => {
      const owned = new Set(claims.map(([rung, segment]) => `${rung}/${segment}`));
      const claimed = (rung: string, segment: number) => owned.has(`${rung}/${segment}`);
      const whole: Rectangle = {
        ...{ part: "p", segments: [from, from + length], rungs: ["480", "720", "1080"] },
      };
      const lacking = (one: Rectangle) =>
        one.rungs.flatMap((rung) =>
          Array.from({ length: one.segments[1] - one.segments[0] }, (_, at) => one.segments[0] + at)
            .filter((segment) => !claimed(rung, segment))
            .map((segment) => `${rung}/${segment}`),
        );
      const left = trimRectangle(whole, claimed);
      expect(left === null ? [] : lacking(left)).toEqual(lacking(whole));
      if (left === null) return;
      const [first, last] = [left.segments[0], left.segments[1] - 1];
      for (const end of [first, last]) expect(left.rungs.some((rung) => !claimed(rung, end))).toBe(true);
      expect(left.part).toBe("p");
    }),
  );
});

test("with slots free, rectangles shrink towards the end of the film; the pieces are the whole", () => {
  const [, , first] = planRectangles(planOf(evenFrames(300))).filter(({ segments }) => segments[0] >= 15);
  if (!first) throw new Error("no rectangle");
  const film = planOf(evenFrames(300));
  // 120 s remain: 10 s for each of one and a half rounds of eight slots.
  const [now, later] = splitRectangle(film, first, 8);
  expect([now.segments, later?.segments]).toEqual([
    [45, 47],
    [47, 57],
  ]);
  expect([now.part, later?.part]).toEqual(["480_720_1080.45-57", "480_720_1080.47-57"]);
  expect(splitRectangle(film, first, 1)).toEqual([first]);
  expect(splitRectangle(film, first, 8, 3_000)).toEqual([first]);
});

test("copies are never cut, since they are bound by the line", () => {
  const film = planOf(evenFrames(300), COPYABLE_PLAN);
  const copies = planRectangles(film).filter(({ rungs }) => rungs.includes("1080"));
  expect(copies.every((copy) => splitRectangle(film, copy, 50).length === 1)).toBe(true);
});

test("cut again and again at its turn, a plan is still covered once, by parts that differ", () => {
  fc.assert(
    fc.property(anyFrames, fc.integer({ min: 1, max: 30 }), (frames, slots) => {
      const film = planOf(frames);
      const queue = planRectangles(film);
      const granted: Rectangle[] = [];
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [now, later] = splitRectangle(film, next, slots);
        granted.push(now);
        if (later) queue.unshift(later);
      }
      const lowest = granted.filter(({ rungs }) => rungs.includes("480"));
      const covered = lowest.flatMap(({ segments: [from, until] }) =>
        Array.from({ length: until - from }, (_, at) => from + at),
      );
      expect(covered).toEqual(Array.from({ length: countSegments(film) }, (_, at) => at));
      expect(new Set(granted.map(({ part }) => part)).size).toBe(granted.length);
    }),
  );
});
