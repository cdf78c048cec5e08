import { describe, expect, test } from "vitest";
import { ladderOf, renditionOf } from "../testing/records.ts";
import { levelWindow } from "./levels.ts";
import type { RenditionView } from "./record.ts";

const LEVELS = [
  { name: "480", bitrate: 1_000_000 },
  { name: "720", bitrate: 2_500_000 },
  { name: "1080", bitrate: 5_000_000 },
];
const FAST = 50_000_000;
const SLOW = 1_500_000;

const rung = (name: string, ...ranges: [number, number][]): RenditionView =>
  renditionOf("rung", name, "making", { ranges });

describe("the levels to choose from", () => {
  test("are all of a finished ladder", () => {
    const ready = ladderOf({ "480": "ready", "720": "ready", "1080": "ready" });
    expect(levelWindow(LEVELS, ready, 0, SLOW)).toEqual({ floor: 0, cap: 2 });
  });

  test("grow with the rungs that are there, where they are there", () => {
    const rungs = [rung("480", [0, 40]), rung("720", [0, 20]), rung("1080", [0, 4])];
    expect(levelWindow(LEVELS, rungs, 0, FAST)).toEqual({ floor: 0, cap: 2 });
    expect(levelWindow(LEVELS, rungs, 4, FAST)).toEqual({ floor: 0, cap: 1 });
    expect(levelWindow(LEVELS, rungs, 30, FAST)).toEqual({ floor: 0, cap: 0 });
  });

  test("begin at the copied top rung when only its head is there", () => {
    const rungs = [rung("480"), rung("720"), rung("1080", [0, 4])];
    expect(levelWindow(LEVELS, rungs, 0, SLOW)).toEqual({ floor: 2, cap: 2 });
  });

  test("stay on that side of a gap which the network carries", () => {
    const rungs = [rung("480", [0, 40]), rung("720"), rung("1080", [0, 40])];
    expect(levelWindow(LEVELS, rungs, 0, FAST)).toEqual({ floor: 2, cap: 2 });
    expect(levelWindow(LEVELS, rungs, 0, SLOW)).toEqual({ floor: 0, cap: 0 });
  });

  test("are the quickest to make where nothing is there", () => {
    const rungs = [rung("480", [0, 8]), rung("720", [0, 8]), rung("1080", [0, 8])];
    expect(levelWindow(LEVELS, rungs, 60, FAST)).toEqual({ floor: 0, cap: 0 });
    expect(levelWindow(LEVELS, [], 0, FAST)).toEqual({ floor: 0, cap: 0 });
  });

  test("count what stands at the very end, however short, but no sliver before a gap", () => {
    const last = [rung("480", [56, 60]), rung("720", [0, 60]), rung("1080")];
    expect(levelWindow(LEVELS, last, 59, FAST)).toEqual({ floor: 0, cap: 1 });
    const sliver = [rung("480", [0, 60]), rung("720", [0, 4], [40, 60]), rung("1080")];
    expect(levelWindow(LEVELS, sliver, 3.5, FAST)).toEqual({ floor: 0, cap: 0 });
  });
});
