import { expect, test } from "vitest";
import { ladderOf, recordOf, renditionOf } from "../testing/records.ts";
import type { ProgressView, RecordView } from "./record.ts";
import { statusLine } from "./status-line.ts";

const progress = (over: Partial<ProgressView> = {}): ProgressView => ({
  fraction: 0.25,
  ranges: [],
  agents: 1,
  eta_s: null,
  waiting: null,
  ...over,
});
const busy = (over: Partial<RecordView>) => statusLine(recordOf({ status: "processing", ...over }));

test("a file at rest says nothing", () => {
  expect(statusLine(recordOf())).toEqual({ tone: "quiet", text: "" });
});

test("what is ready, what is being made, by how many and how long", () => {
  const line = busy({
    renditions: [
      renditionOf("rung", "1080", "making", { fraction: 0.416 }),
      ...ladderOf({ "720": "ready", "480": "ready" }),
    ],
    progress: progress({ agents: 2, eta_s: 100 }),
  });
  expect(line).toEqual({
    tone: "busy",
    text: "480p and 720p ready · 1080p 41 % · 2 machines · about 2 min left",
  });
});

test("rungs whose shares are unknown are told together", () => {
  const renditions = [
    ...ladderOf({ "480": "making", "720": "making" }),
    renditionOf("mp4", "mp4", "waiting"),
  ];
  expect(busy({ renditions, progress: progress() }).text).toBe("480p and 720p 25 % · 1 machine");
});

test.each([
  ["video/mp4", "Looking at the video · 1 machine"],
  ["audio/flac", "Looking at the sound · 1 machine"],
  ["image/png", "Making previews · 1 machine"],
])("before anything is begun, %s reads %s", (type, text) => {
  expect(busy({ type, progress: progress() })).toEqual({ tone: "busy", text });
});

test("without an agent it waits, and names what there is", () => {
  const waiting = progress({ agents: 0, waiting: "no_agent" });
  expect(busy({ progress: waiting })).toEqual({
    tone: "waiting",
    text: "Waiting for a transcoder; the original is below",
  });
  const line = busy({ progress: waiting, renditions: ladderOf({ "480": "ready", "720": "waiting" }) });
  expect(line.text).toBe("480p ready · waiting for a transcoder; the original is below");
  expect(busy({ type: "image/png", progress: waiting }).text).toMatch(
    /^Waiting for a machine to make previews/,
  );
});

test("what failed is named with its reason, and what remains", () => {
  const failed = renditionOf("rung", "720", "failed", { reason: "the source ends early" });
  expect(statusLine(recordOf({ status: "partial", renditions: [failed] }))).toEqual({
    tone: "warning",
    text: "720p could not be made: the source ends early. The rest is ready.",
  });
  const lost = recordOf({ status: "failed", reason: "The video is damaged." });
  expect(statusLine(lost).text).toBe(
    "Nothing could be made from this file: The video is damaged. The original is safe and below.",
  );
});
