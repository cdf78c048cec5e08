import fc from "fast-check";
import { expect, test } from "vitest";
import { MOST_RUNGS } from "../../config.ts";
import { planOneRung } from "../../media/ladder.ts";
import { ladderOf, recordOf, renditionOf } from "../testing/records.ts";
import { addableRungs, rungWords } from "./rungs.ts";

const LADDER = ladderOf({ "480": "ready", "720": "ready" });
const FILM = { width: 1_920, height: 1_080, renditions: LADDER };
const offered = (over: Parameters<typeof recordOf>[0], most = MOST_RUNGS) =>
  addableRungs(recordOf({ ...FILM, ...over }), most);

test("what a film lacks is offered, up to its own lines, upright too", () => {
  expect(offered({})).toEqual(["144", "240", "360", "1080"]);
  expect(offered({ width: 1_080, height: 1_920, status: "processing" })).toEqual(offered({}));
  expect(offered({ width: 1_278, height: 718 })).toEqual(["144", "240", "360"]);
});

test("nothing is offered that would be refused: before the plan, after a failure, beyond the most", () => {
  expect(offered({ renditions: [], status: "processing" })).toEqual([]);
  expect(offered({ status: "partial" })).toEqual([]);
  expect(offered({ status: "failed" })).toEqual([]);
  expect(offered({ width: null })).toEqual([]);
  expect(offered({}, 2)).toEqual([]);
});

test("of any size, only what the ladder would plan is offered, and all of it", () => {
  const side = fc.integer({ min: 2, max: 9_000 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const renditions = ladderOf({ "16": "ready" });
      const planned = ["144", "240", "360", "480", "720", "1080", "1440", "2160"].filter(
        (name) => planOneRung({ width, height, bitRate: null }, name) !== null,
      );
      expect(addableRungs(recordOf({ width, height, renditions }), MOST_RUNGS)).toEqual(planned);
    }),
    { numRuns: 2_000 },
  );
});

test("a picture so wide that its lines come out by rounding is no exception", () => {
  const renditions = ladderOf({ "16": "ready" });
  // 4096 × 1439.5 is as long as may be.
  expect(offered({ width: 8_192, height: 2_879, renditions })).toContain("1440");
  expect(offered({ width: 8_192, height: 2_877, renditions })).not.toContain("1440");
});

test("each state has its words", () => {
  const words = (...given: Parameters<typeof renditionOf>) => rungWords(renditionOf(...given));
  expect(words("rung", "240", "waiting")).toBe("waits to be made");
  expect(words("rung", "240", "waiting", { ranges: [[0, 4]] })).toBe("in part; the rest waits to be made");
  expect(words("rung", "240", "making")).toBe("being made");
  expect(words("rung", "240", "making", { fraction: 0.42 })).toBe("being made, 42 %");
  expect(words("rung", "240", "ready")).toBe("ready");
  expect(words("rung", "240", "ready", { width: 426, height: 240, size: 1_200_000 })).toBe(
    "426 × 240 · 1.2 MB",
  );
  expect(words("rung", "240", "failed", { reason: "The disk is full." })).toBe(
    "could not be made: The disk is full.",
  );
});
