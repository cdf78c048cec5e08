import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ladderOf, recordOf, streamOf } from "../testing/records.ts";
import { chooseSource, hasPicture, playableType, timelineGradient } from "./playback.ts";
import type { RecordView } from "./record.ts";

const BOTH = { original: true, hls: true };
const ONLY_HLS = { original: false, hls: true };
const working = { fraction: 0.1, ranges: [], agents: 1, eta_s: null, waiting: null };

describe("the source", () => {
  const film = (over: Partial<RecordView>) => recordOf({ status: "processing", progress: working, ...over });

  test("is the original while nothing of the ladder stands where the film begins", () => {
    const planned = ladderOf({ "480": "making", "720": "waiting" });
    expect(chooseSource(film({}), BOTH)).toBe("original");
    expect(chooseSource(film({ renditions: planned }), BOTH)).toBe("original");
    const headOnly = film({ renditions: planned, progress: { ...working, ranges: [[0, 4]] } });
    expect(chooseSource(headOnly, BOTH)).toBe("hls");
    expect(chooseSource(headOnly, BOTH, 90)).toBe("original");
    expect(chooseSource(film({ renditions: ladderOf({ "480": "ready", "720": "making" }) }), BOTH, 90)).toBe(
      "hls",
    );
  });

  test("is the original again when nobody is left to make the rest of what was begun", () => {
    const idle = { ...working, ranges: [[0, 4]] satisfies [number, number][], waiting: "no_agent" };
    const begun = film({ renditions: ladderOf({ "480": "waiting" }), progress: idle });
    expect(chooseSource(begun, BOTH)).toBe("original");
    expect(chooseSource(begun, ONLY_HLS)).toBe("wait");
  });

  test("is the ladder as it grows where the original does not play", () => {
    expect(chooseSource(film({}), ONLY_HLS)).toBe("wait");
    expect(chooseSource(film({ renditions: ladderOf({ "480": "waiting" }) }), ONLY_HLS)).toBe("hls");
  });

  test("is nothing while nobody is there to make what it would ask for", () => {
    const idle = { ...working, agents: 0, waiting: "no_agent" };
    const planned = { progress: idle, renditions: ladderOf({ "480": "waiting" }) };
    expect(chooseSource(film(planned), ONLY_HLS)).toBe("wait");
    expect(
      chooseSource(
        film({ progress: idle, renditions: ladderOf({ "480": "ready", "720": "waiting" }) }),
        ONLY_HLS,
      ),
    ).toBe("hls");
  });

  test("leaves failed rungs out", () => {
    const renditions = ladderOf({ "480": "ready", "720": "failed" });
    expect(chooseSource(recordOf({ status: "partial", renditions }), BOTH)).toBe("hls");
    const none = recordOf({ status: "failed", renditions: ladderOf({ "480": "failed" }) });
    expect(chooseSource(none, ONLY_HLS)).toBe("wait");
    expect(chooseSource(none, BOTH)).toBe("original");
  });

  test("is never the ladder where the browser has no media source", () => {
    const ready = recordOf({ renditions: ladderOf({ "480": "ready" }) });
    expect(chooseSource(ready, { original: true, hls: false })).toBe("original");
    expect(chooseSource(ready, { original: false, hls: false })).toBe("wait");
  });
});

test.each([
  ["video/mp4", [], "video/mp4"],
  [
    "video/mp4",
    [streamOf("video", "h264"), streamOf("audio", "aac")],
    'video/mp4; codecs="avc1.640028, mp4a.40.2"',
  ],
  ["video/quicktime", [streamOf("video", "h264")], 'video/mp4; codecs="avc1.640028"'],
  [
    "video/x-matroska",
    [streamOf("video", "vp9"), streamOf("subtitle", "ass")],
    'video/webm; codecs="vp09.00.40.08"',
  ],
  ["video/quicktime", [streamOf("video", "prores")], null],
  ["video/mp4", [streamOf("video", "h264", { pixelFormat: "yuv420p10le" })], null],
  [
    "audio/mpeg",
    [streamOf("audio", "mp3"), streamOf("video", "mjpeg", { cover: true })],
    'audio/mpeg; codecs="mp3"',
  ],
  ["application/pdf", [], null],
])("%s with %j is asked about as %s", (type, streams, asked) => {
  expect(playableType(type, streams)).toBe(asked);
});

test("a cover is no picture to wait for", () => {
  const sound = streamOf("audio", "aac");
  expect(hasPicture([sound, streamOf("video", "mjpeg", { cover: true })])).toBe(false);
  expect(hasPicture([sound, streamOf("video", "mpeg4", { cover: false })])).toBe(true);
  expect(hasPicture(null)).toBe(false);
});

describe("the timeline", () => {
  const colours = { made: "white", open: "grey" };

  test("shows what is encoded", () => {
    expect(timelineGradient([[10, 20]], 40, colours)).toBe(
      "linear-gradient(to right, grey 0% 25%, white 25% 50%, grey 50% 100%)",
    );
    expect(timelineGradient([], 40, colours)).toBe("linear-gradient(to right, grey 0% 100%)");
    expect(timelineGradient([[0, 9]], 0, colours)).toBe("grey");
  });

  test("never runs backwards, whatever ranges come", () => {
    const range = fc.tuple(
      fc.double({ min: -5, max: 60, noNaN: true }),
      fc.double({ min: -5, max: 60, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const stops = [...timelineGradient(ranges, 40, colours).matchAll(/([\d.]+)%/g)].map((found) =>
          Number(found[1]),
        );
        expect(stops).toEqual(stops.toSorted((one, other) => one - other));
        expect(stops.at(-1)).toBe(100);
      }),
    );
  });
});
