import fc from "fast-check";
import { expect, test } from "vitest";
import { cutAudio, cutVideo, OffGrid } from "./cuts.ts";
import type { Sample } from "./samples.ts";

let offset = 0;
function sample(pts: number, sync = false, duration = 10): Sample {
  return { pts, dts: pts, duration, sync, size: 1, offset: offset++ };
}

/** What a player makes of the written times. */
function play(segments: ReturnType<typeof cutVideo>): { pts: number; end: number }[] {
  return segments
    .flatMap(({ start, samples }) => {
      let dts = start;
      return samples.map(({ duration, composition }) => {
        const pts = dts + composition;
        dts += duration;
        return { pts, end: pts + duration };
      });
    })
    .toSorted((a, b) => a.pts - b.pts);
}

test("each frame lasts until the next, whatever the encoder's order and delay", () => {
  const decodeOrder = [
    sample(0, true),
    sample(30),
    sample(10),
    sample(20),
    sample(40, true),
    sample(60),
    sample(50),
  ];
  const segments = cutVideo(decodeOrder, [0, 40, 75], 3);
  expect(segments.map(({ segment, start, duration }) => [segment, start, duration])).toEqual([
    [3, 0, 40],
    [4, 40, 35],
  ]);
  const ends = [10, 20, 30, 40, 50, 60, 75];
  expect(play(segments)).toEqual(ends.map((end, index) => ({ pts: index * 10, end })));
});

test("any frame times in any decode order tile the rectangle", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(gaps, fc.array(fc.nat(), { maxLength: 40 }), (deltas, order) => {
      const times = [0];
      for (const delta of deltas) times.push((times.at(-1) ?? 0) + delta);
      const end = times.pop() ?? 0;
      // A keyframe first, the rest as an encoder might send it.
      const rest = times.slice(1).map((time, index) => ({ time, rank: order[index] ?? index }));
      const sent = rest.toSorted((a, b) => a.rank - b.rank).map(({ time }) => sample(time));
      const segments = cutVideo([sample(0, true), ...sent], [0, end], 0);
      const played = play(segments);
      expect(played.map(({ pts }) => pts)).toEqual(times);
      expect(played.map((frame) => frame.end)).toEqual([...times.slice(1), end]);
      expect(segments[0]?.samples.reduce((sum, { duration }) => sum + duration, 0)).toBe(end);
    }),
  );
});

test("where the frame of a boundary was lost, the next keyframe stands in for it", () => {
  const segments = cutVideo([sample(0, true), sample(10), sample(50, true)], [0, 40, 60], 0);
  expect(play(segments)).toEqual([
    { pts: 0, end: 10 },
    { pts: 10, end: 40 },
    { pts: 40, end: 60 },
  ]);
});

test.each([
  ["no keyframe at a boundary", [sample(0, true), sample(40), sample(50)]],
  ["a picture shown before its keyframe", [sample(0, true), sample(40, true), sample(30)]],
  ["a frame behind the end", [sample(0, true), sample(40, true), sample(90)]],
  ["a first frame that is no keyframe", [sample(0), sample(40, true)]],
])("%s is off the grid", (_, samples) => {
  expect(() => cutVideo(samples, [0, 40, 60], 0)).toThrow(OffGrid);
});

test("a segment in which nothing could be decoded is corrupt", () => {
  expect(() => cutVideo([sample(0, true)], [0, 40, 60], 0)).toThrow(
    expect.objectContaining({ code: "corrupt", failureClass: "permanent" }),
  );
});

const PACKET = 1_024;
const sound = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => sample((from + index) * PACKET, true, PACKET));

test("packets belong to the segment in which they start; the rest is dropped", () => {
  const segments = cutAudio(sound(-3, 20), [0, 4_000, 9_000.5], 0);
  expect(segments.map(({ start, samples }) => [start / PACKET, samples.length])).toEqual([
    [0, 4],
    [4, 5],
  ]);
  expect(segments.map(({ duration }) => duration)).toEqual([4 * PACKET, 5 * PACKET]);
});

test("stretches cut apart hold what one cut holds", () => {
  const edges = [0, 4_000, 9_000.5, 14_000, 14_500, null] as const;
  const whole = cutAudio(sound(-1, 30), edges, 0);
  const apart = [
    ...cutAudio(sound(-1, 15), edges.slice(0, 3), 0),
    ...cutAudio(sound(5, 24), edges.slice(2), 2),
  ];
  const times = (segments: typeof whole) =>
    segments.map(({ samples, ...rest }) => ({ ...rest, pts: samples.map((cut) => cut.sample.pts) }));
  expect(times(apart)).toEqual(times(whole));
});

test("no segment is empty: a short one takes the packet before it", () => {
  const segments = cutAudio(sound(0, 10), [0, 4_100, 4_300, 9_000], 0);
  expect(segments.map(({ samples }) => samples.length)).toEqual([4, 1, 4]);
  expect(() => cutAudio(sound(0, 2), [0, 1_000, 9_000, 9_500], 0)).toThrow(
    expect.objectContaining({ code: "incomplete" }),
  );
});
