import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countMade, keepMade } from "./committed.ts";
import type { Plan } from "./plan.ts";
import { type CommittedRectangle, masterPlaylist, mediaPlaylist, textPlaylist } from "./playlist.ts";
import { countSegments } from "./rectangles.ts";
import { anyFrames, COPYABLE_PLAN, evenFrames, PLAIN, planOf, TIMESCALE, TRACK } from "./testing/plans.ts";

const plan = planOf(evenFrames(20));

function committed(track: string, segments: number[], changes: Partial<CommittedRectangle> = {}) {
  return {
    track,
    codecs: "avc1.64001f",
    initLength: 700,
    segments: segments.map((segment) => [segment, 700, 100_000, 0, 0] as const),
    ...changes,
  };
}

test("before anything is made, the master lists every rung with its ceiling, and the sound", () => {
  expect(masterPlaylist(plan, [])).toBe(
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="1 English",DEFAULT=YES,CHANNELS="2",LANGUAGE="eng",AUTOSELECT=YES,URI="${plan.id}/audio-0/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1360000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=854x480,FRAME-RATE=25.000,AUDIO="sound"
${plan.id}/480/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2960000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="sound"
${plan.id}/720/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=5160000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=25.000,AUDIO="sound"
${plan.id}/1080/index.m3u8
`,
  );
});

test("a rung that is all made tells its measured rate and true codecs; one half made its ceiling", () => {
  const rows = [committed("480", [0, 1, 2, 3, 4]), committed("720", [0, 1], { codecs: "avc1.4d401f" })];
  const [low, middle] = masterPlaylist(plan, rows)
    .split("\n")
    .filter((line) => line.startsWith("#EXT-X-STREAM"));
  // 100,000 bytes in 4 s are 200 kbit/s.
  expect(low).toContain('BANDWIDTH=360000,AVERAGE-BANDWIDTH=360000,CODECS="avc1.64001f,mp4a.40.2"');
  expect(middle).toContain('BANDWIDTH=2960000,CODECS="avc1.4d401f,mp4a.40.2"');
});

test("first stands the lowest rung whose beginning is there, before that the one that will be there first", () => {
  const film = planOf(evenFrames(20), COPYABLE_PLAN);
  const order = (...rows: CommittedRectangle[]) =>
    [...masterPlaylist(film, rows).matchAll(/RESOLUTION=\d+x(\d+)/g)].map(([, side]) => side);
  expect(order()).toEqual(["1080", "480", "720"]);
  expect(order(committed("720", [0]), committed("480", [1, 2]))).toEqual(["720", "480", "1080"]);
  expect(order(committed("1080", [0]), committed("480", [0]))).toEqual(["480", "720", "1080"]);
});

test("a film without sound names no audio group, one of uneven frames no frame rate", () => {
  const silent = masterPlaylist({ ...plan, tracks: [] }, []);
  expect(silent).not.toMatch(/AUDIO|mp4a/);
  const uneven = { ...plan.video, traits: { ...PLAIN, variable: true } };
  expect(masterPlaylist({ ...plan, video: uneven }, [])).not.toContain("FRAME-RATE");
});

test("of several tracks exactly one is the default, names differ, and no language can break out of its quotes", () => {
  const tracks = [null, "deu", "und", 'x",URI="https://evil.example/'].map((language, at) => ({
    ...TRACK,
    name: `audio-${at}`,
    language,
  }));
  const lines = masterPlaylist({ ...plan, tracks }, [])
    .split("\n")
    .filter((line) => line.startsWith("#EXT-X-MEDIA"));
  expect(lines.filter((line) => line.includes("DEFAULT=YES")).length).toBe(1);
  expect(new Set(lines.map((line) => /NAME="([^"]*)"/.exec(line)?.[1])).size).toBe(4);
  expect(lines.filter((line) => line.includes("LANGUAGE=")).length).toBe(1);
  expect(lines.join()).not.toContain("evil");
});

test("subtitles stand in the master, chosen by nobody unasked, and are one piece as long as the film", () => {
  const texts = [
    { name: "text-2", stream: 2, language: "deu" },
    { name: "text-4", stream: 4, language: null },
  ];
  const film = { ...plan, texts };
  const text = masterPlaylist(film, []);
  expect(text.match(/.*TYPE=SUBTITLES.*/g)).toEqual([
    `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="1 German",DEFAULT=NO,FORCED=NO,LANGUAGE="deu",AUTOSELECT=YES,URI="${plan.id}/text-2/index.m3u8"`,
    `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="2 Subtitles",DEFAULT=NO,FORCED=NO,AUTOSELECT=YES,URI="${plan.id}/text-4/index.m3u8"`,
  ]);
  expect(text.match(/STREAM-INF.*SUBTITLES="text"/g)?.length).toBe(3);
  expect(masterPlaylist(plan, [])).not.toContain("SUBTITLES");
  expect(textPlaylist(film, "text-4")).toBe(
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:20
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:20.000000,
../../../text-4.vtt
#EXT-X-ENDLIST
`,
  );
  expect(textPlaylist(film, "text-3")).toBeNull();
});

test("a rung's list has every segment and its end from the start", () => {
  expect(mediaPlaylist(plan, "720", [])).toBe(
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-0.mp4"
#EXTINF:4.000000,
0.m4s
#EXTINF:4.000000,
1.m4s
#EXTINF:4.000000,
2.m4s
#EXTINF:4.000000,
3.m4s
#EXTINF:4.000000,
4.m4s
#EXT-X-ENDLIST
`,
  );
  expect(mediaPlaylist(plan, "audio-0", [])).toContain("4.m4s");
  expect(mediaPlaylist(plan, "240", [])).toBeNull();
});

test("a new map stands only where a committed rectangle begins otherwise", () => {
  const rows = [
    committed("720", [0]),
    committed("720", [1, 2], { initLength: 710 }),
    committed("720", [4], { initLength: 700 }),
    committed("480", [3], { initLength: 9 }),
  ];
  const maps = mediaPlaylist(plan, "720", rows)?.match(/(MAP.*|\d\.m4s)/g);
  expect(maps).toEqual([
    'MAP:URI="init-0.mp4"',
    "0.m4s",
    'MAP:URI="init-1.mp4"',
    "1.m4s",
    "2.m4s",
    "3.m4s",
    'MAP:URI="init-4.mp4"',
    "4.m4s",
  ]);
});

test("what will never be made is not promised: whole rungs are kept, else beginnings, and lists end where they end", () => {
  const whole = [committed("480", [0, 1, 2]), committed("480", [3, 4])];
  const begun = [committed("720", [0, 1, 3])];
  const names = ({ rungs, tracks }: Plan) => [...rungs, ...tracks].map(({ name }) => name);
  expect(names(keepMade(plan, [...whole, ...begun]))).toEqual(["480"]);
  expect(names(keepMade(plan, [...begun, committed("audio-0", [0])]))).toEqual(["720", "audio-0"]);
  expect(names(keepMade(plan, []))).toEqual([]);
  expect(countMade("720", begun)).toBe(2);
  const list = mediaPlaylist(plan, "720", begun, countMade("720", begun));
  expect(list?.match(/\d\.m4s|ENDLIST/g)).toEqual(["0.m4s", "1.m4s", "ENDLIST"]);
});

test("the durations of a list add up to the film, none above its target, whatever the frames", () => {
  fc.assert(
    fc.property(anyFrames, fc.integer({ min: 0, max: 900 }), (frames, earlier) => {
      const origin = (frames.times[0] ?? 0) - earlier;
      const film = planOf(frames, { origin });
      const text = mediaPlaylist(film, "480", []) ?? "";
      const durations = [...text.matchAll(/#EXTINF:([\d.]+),/g)].map(([, seconds]) => Number(seconds));
      const target = Number(/TARGETDURATION:(\d+)/.exec(text)?.[1]);
      expect(durations.length).toBe(countSegments(film));
      expect(durations.reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(
        (frames.end - origin) / TIMESCALE,
        3,
      );
      expect(Math.max(...durations.map(Math.round))).toBeLessThanOrEqual(target);
      expect(text).not.toMatch(/https?:|^\//m);
    }),
  );
});
