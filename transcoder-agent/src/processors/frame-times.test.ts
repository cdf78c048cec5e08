import { expect, test } from "vitest";
import type { Packet } from "../ffmpeg/probe.ts";
import { collectFrameTimes } from "./frame-times.ts";

function packets(...list: [pts: number | null, key?: boolean, more?: Partial<Packet>][]) {
  const times = collectFrameTimes();
  for (const [pts, key = false, more] of list)
    times.add({ stream: 0, pts, dts: null, duration: 10, key, discard: false, ...more });
  return times;
}

test("frames come in the order they are shown, with runs of equal gaps", () => {
  const built = packets([0, true], [30], [10], [20], [40], [90]).build(1_000);
  expect(built?.index).toEqual({
    timescale: 1_000,
    start: 0,
    end: 100,
    runs: [
      [10, 4],
      [50, 1],
    ],
    keyframes: [0],
    variable: true,
  });
  expect(built).toMatchObject({ frames: 6, index: { variable: true } });
});

test("a keyframe with earlier pictures behind it is not usable, one without is", () => {
  const open = packets([0, true], [10], [40, true], [20], [30], [50, true], [60]).build(100);
  expect(open?.index.keyframes).toEqual([0, 50]);
});

test("pictures before the first keyframe cannot be shown", () => {
  const built = packets([5], [20, true], [10], [30]).build(100);
  expect(built?.index).toMatchObject({ start: 20, runs: [[10, 1]] });
});

test("a trimmed film is shown from between two keyframes on, if the one before is there", () => {
  const built = packets(
    [-20, true, { discard: true }],
    [-10, false, { discard: true }],
    [0],
    [10],
    [20, true],
  );
  expect(built.build(100)?.index).toMatchObject({ start: 0, runs: [[10, 2]], keyframes: [20] });
});

test("equal times are one frame; unknown ones and those before an edit are none", () => {
  const built = packets([0, true], [10], [10], [null], [-10, false, { discard: true }], [20]).build(100);
  expect(built).toMatchObject({ frames: 3, index: { start: 0, runs: [[10, 2]] } });
});

test("a packet without presentation time has its decode time", () => {
  expect(packets([0, true], [null, false, { dts: 10 }]).build(100)?.frames).toBe(2);
});

test("rounding to milliseconds is not unevenness; a dropped frame is", () => {
  const ntsc = Array.from({ length: 90 }, (_, at): [number, boolean] => [
    Math.round((at * 1001) / 30),
    at === 0,
  ]);
  expect(packets(...ntsc).build(1_000)?.index.variable).toBe(false);
  expect(packets(...ntsc.toSpliced(50, 1)).build(1_000)?.index.variable).toBe(true);
});

test("the last frame lasts as long as its packet says, else as long as usual", () => {
  expect(packets([0, true], [10], [20, false, { duration: 500 }]).build(100)?.index.end).toBe(520);
  expect(packets([0, true], [10], [20, false, { duration: 0 }]).build(100)?.index.end).toBe(30);
  expect(packets().build(100)).toBeNull();
});

test("the packet in which a file breaks off is no frame", () => {
  const times = packets([0, true], [10], [20, true]);
  times.dropLast();
  expect(times.build(100)?.index).toMatchObject({ end: 20, runs: [[10, 1]], keyframes: [0] });
});

test("a long film grows the index and keeps every frame", () => {
  const many = Array.from({ length: 20_000 }, (_, at): [number, boolean] => [at * 2, at % 250 === 0]);
  const built = packets(...many).build(60);
  expect(built).toMatchObject({ frames: 20_000, index: { runs: [[2, 19_999]], variable: false } });
  expect(built?.index.keyframes).toHaveLength(80);
});
