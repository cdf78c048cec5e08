import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_LADDER, planLadder, planOneRung } from "./ladder.ts";

const names = (width: number, height: number) =>
  planLadder({ width, height, bitRate: null }).map(({ name }) => name);

test.each([
  { of: "full HD", width: 1920, height: 1080, rungs: ["480", "720", "1080"] },
  { of: "4K", width: 3840, height: 2160, rungs: ["480", "720", "1080"] },
  { of: "a phone held upright", width: 1080, height: 1920, rungs: ["480", "720", "1080"] },
  { of: "HD", width: 1280, height: 720, rungs: ["480", "720"] },
  { of: "a film in scope", width: 1920, height: 800, rungs: ["480", "720"] },
  { of: "lines that narrowly miss 720", width: 1280, height: 700, rungs: ["480", "700"] },
  { of: "little more than 480", width: 854, height: 500, rungs: ["480"] },
  { of: "less than 480", width: 320, height: 240, rungs: ["240"] },
  { of: "just less than 480", width: 640, height: 476, rungs: ["476"] },
  { of: "two pixels", width: 2, height: 2, rungs: ["02"] },
])("$of gets the rungs $rungs", ({ width, height, rungs }) => {
  expect(names(width, height)).toEqual(rungs);
});

test("the shape of the picture is kept, upright as well", () => {
  const [landscape] = planLadder({ width: 1920, height: 1080, bitRate: null });
  const [upright] = planLadder({ width: 1080, height: 1920, bitRate: null });
  expect(landscape).toMatchObject({ width: 854, height: 480 });
  expect(upright).toMatchObject({ width: 480, height: 854 });
});

test("every rung is even, within the source, within its rate, rising, and named as the wire allows", () => {
  const side = fc.integer({ min: 2, max: 9_000 });
  const rate = fc.option(fc.integer({ min: 1, max: 80_000_000 }));
  fc.assert(
    fc.property(side, side, rate, (width, height, bitRate) => {
      const rungs = planLadder({ width, height, bitRate });
      expect(rungs.length).toBeGreaterThan(0);
      for (const [at, rung] of rungs.entries()) {
        expect([rung.width % 2, rung.height % 2]).toEqual([0, 0]);
        expect(rung.width).toBeLessThanOrEqual(width);
        expect(rung.height).toBeLessThanOrEqual(height);
        expect(rung.ceiling).toBeLessThanOrEqual(bitRate === null ? 5_000_000 : Math.ceil(bitRate * 1.3));
        expect(rung.name).toMatch(/^[0-9]{2,4}$/);
        expect(Number(rung.name)).toBe(Math.min(rung.width, rung.height));
        if (at > 0) expect(rung.height).toBeGreaterThan(rungs[at - 1]?.height ?? Infinity);
      }
    }),
  );
});

test("a source of few bits lowers the ceilings, an unknown rate does not", () => {
  const poor = planLadder({ width: 1920, height: 1080, bitRate: 1_000_000 });
  expect(poor.map(({ ceiling }) => ceiling)).toEqual([1_200_000, 1_300_000, 1_300_000]);
  const unknown = planLadder({ width: 1920, height: 1080, bitRate: null });
  expect(unknown.map(({ ceiling }) => ceiling)).toEqual([1_200_000, 2_800_000, 5_000_000]);
});

test("another ladder is taken in any order; of two rungs that hardly differ the lower is dropped", () => {
  const ladder = [1_440, 360, 720, 1_000, 1_080].map((side) => ({
    name: String(side),
    ceiling: side * 1_000,
  }));
  const of = (width: number, height: number) =>
    planLadder({ width, height, bitRate: null }, ladder).map(({ name, ceiling }) => `${name} ${ceiling}`);
  expect(of(3_840, 2_160)).toEqual(["360 360000", "720 720000", "1080 1080000", "1440 1440000"]);
  expect(of(1_920, 1_080)).toEqual(["360 360000", "720 720000", "1080 1080000"]);
  // Both 1000 and 1080 lines are the source's own 990.
  expect(of(1_760, 990)).toEqual(["360 360000", "720 720000", "990 1080000"]);
  expect(of(320, 240)).toEqual(["240 360000"]);
});

const FULL_HD = { width: 1920, height: 1080, bitRate: null };
const UHD = { width: 3840, height: 2160, bitRate: null };
const ceilingOf = (name: string, ladder = DEFAULT_LADDER) => planOneRung(UHD, name, ladder)?.ceiling ?? 0;

test("one rung by name is what the ladder would plan, and between and beyond its steps the rate rises with the lines", () => {
  for (const rung of planLadder(FULL_HD)) expect(planOneRung(FULL_HD, rung.name)).toEqual(rung);
  const rates = ["144", "240", "360", "480", "600", "720", "900", "1080", "1440", "2160"].map((name) =>
    ceilingOf(name),
  );
  expect(rates).toEqual(rates.toSorted((one, other) => one - other));
  expect(new Set(rates).size).toBe(rates.length);
  expect(ceilingOf("240")).toBeCloseTo(281_000, -4);
  expect(ceilingOf("1440")).toBeCloseTo(7_550_000, -5);
  expect(ceilingOf("240", [{ name: "480", ceiling: 1_200_000 }])).toBeCloseTo(396_000, -4);
  expect(ceilingOf("20")).toBe(50_000);
});

test("one rung is never above its source, nor its rate above 1.3 times the source's", () => {
  expect(planOneRung(FULL_HD, "1440")).toBeNull();
  expect(planOneRung({ ...FULL_HD, width: 1080, height: 1920 }, "720")).toMatchObject({
    ...{ width: 720, height: 1280 },
  });
  // 2.4 : 1 at 2000 lines would be longer than a decoder takes.
  expect(planOneRung({ width: 4_800, height: 2_000, bitRate: null }, "2000")).toBeNull();
  expect(planOneRung({ ...FULL_HD, bitRate: 400_000 }, "720")?.ceiling).toBe(520_000);
});
