import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ORIGIN, recordOf, renditionOf, streamOf } from "../testing/records.ts";
import { captionsOf } from "./captions.ts";
import { downloadsOf } from "./downloads.ts";
import { languageName, languageTag } from "./languages.ts";
import { hasStoryboard, isSettled } from "./record.ts";
import { barHeights } from "./waveform.ts";

const PAGE = `${ORIGIN}/Ab3dE9fGh1`;

describe("captions", () => {
  const streams = ["ger", "eng", "ger", null].map((language, at) =>
    streamOf("subtitle", "subrip", { index: at + 2, language }),
  );
  const text = (stream: number, state: "ready" | "making" = "ready") =>
    renditionOf("subtitle", `text-${stream}`, state);

  test("are those that are made, named by their language and told apart", () => {
    const renditions = [text(2), text(3), text(4), text(5), text(6, "making")];
    expect(captionsOf(recordOf({ streams, renditions }))).toEqual([
      { label: "German 1", language: "de", url: `${PAGE}/text-2.vtt` },
      { label: "English", language: "en", url: `${PAGE}/text-3.vtt` },
      { label: "German 2", language: "de", url: `${PAGE}/text-4.vtt` },
      { label: "Captions", language: "", url: `${PAGE}/text-5.vtt` },
    ]);
  });

  test("come from names of our own alone", () => {
    const foreign = renditionOf("subtitle", "text-2/../../x", "ready");
    expect(captionsOf(recordOf({ streams, renditions: [foreign] }))).toEqual([]);
  });
});

test.each([
  ["eng", "English", "en"],
  ["pt-BR", "Brazilian Portuguese", "pt-BR"],
  ["und", null, null],
  ["qaa", null, "qaa"],
  ['"><b>', null, null],
  [null, null, null],
])("the language %s is called %s and tagged %s", (tag, name, clean) => {
  expect(languageName(tag)).toBe(name);
  expect(languageTag(tag)).toBe(clean);
});

test("downloads are the original, then what is whole, best first and the small one last", () => {
  const mp4 = (name: string, size: number) => renditionOf("mp4", name, "ready", { size });
  const renditions = [
    mp4("embed", 48e6),
    mp4("720", 80e6),
    mp4("mp4", 200e6),
    renditionOf("mp4", "480", "making"),
  ];
  expect(downloadsOf(recordOf({ renditions })).map(({ text, name }) => [text, name])).toEqual([
    ["Original", "clip.mp4"],
    ["MP4 (200 MB)", "clip.mp4"],
    ["MP4, 720p (80 MB)", "clip (720p).mp4"],
    ["MP4, small (48 MB)", "clip (small).mp4"],
  ]);
});

test("a storyboard is there when all its sheets are", () => {
  const sheet = (name: string, state: "ready" | "waiting") => renditionOf("storyboard", name, state);
  expect(hasStoryboard(recordOf())).toBe(false);
  expect(hasStoryboard(recordOf({ renditions: [sheet("0", "ready"), sheet("1", "waiting")] }))).toBe(false);
  expect(hasStoryboard(recordOf({ renditions: [sheet("0", "ready"), sheet("1", "ready")] }))).toBe(true);
});

test("a ready file is followed until its extras are made or given up", () => {
  const waveform = (state: "waiting" | "ready" | "failed") =>
    recordOf({ renditions: [renditionOf("waveform", "waveform", state)] });
  expect(isSettled(waveform("waiting"))).toBe(false);
  expect(isSettled(waveform("ready"))).toBe(true);
  expect(isSettled(waveform("failed"))).toBe(true);
  expect(isSettled(recordOf({ status: "processing" }))).toBe(false);
});

describe("the bars of a waveform", () => {
  test("are the loudest of their stretch, as high as the loudest of all allows", () => {
    expect(barHeights([0, 10, 100, 50], 2)).toEqual([0.1, 1]);
    expect(barHeights([0, 0], 1)).toEqual([0.04]);
  });

  test("are as many as there is room for, each drawable, whatever the peaks", () => {
    const peaks = fc.array(fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(peaks, fc.integer({ min: 0, max: 500 }), (given, count) => {
        const heights = barHeights(given, count);
        expect(heights).toHaveLength(count);
        expect(heights.every((height) => height > 0 && height <= 1)).toBe(true);
      }),
    );
  });
});
