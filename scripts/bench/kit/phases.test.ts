import { expect, test } from "vitest";
import { phaseLine, phasesOf } from "./phases.ts";
import { toolLine, toolOf } from "./tool-watch.ts";

const span = (tool: "encode" | "probe" | "other", from: number, to: number) => ({
  ...{ pid: from, tool, from, to, cpu: 0 },
});

test("phases follow one another and add up to the whole", () => {
  const phases = phasesOf({
    answered: 0,
    ready: 10_000,
    jobs: [{ job: "a", kind: "inspect", from: 500, to: 1_500 }],
    tools: [
      span("probe", 600, 1_400),
      span("encode", 2_000, 5_000),
      span("other", 4_000, 5_500),
      span("encode", 6_000, 9_000),
    ],
  });
  expect(phases.map(({ seconds }) => seconds)).toEqual([0.5, 1.5, 6, 0, 0.5, 0.5, 1]);
  expect(phases.reduce((total, { seconds }) => total + seconds, 0)).toBe(10);
  expect(phaseLine(phases)).toMatch(/^an encoder runs 6\.00 s \(60 %\) · /);
});

test("without an encoder everything is said to come before one", () => {
  const phases = phasesOf({ answered: 0, ready: 1_000, jobs: [], tools: [] });
  expect(phases.map(({ seconds }) => seconds)).toEqual([1, 0, 0, 0, 0, 0, 0]);
});

test("an encoder is told from other tools by its command", () => {
  expect(toolOf("ffmpeg -i x -c:v libx264 -crf 23 y.mp4")).toBe("encode");
  expect(toolOf("/usr/bin/ffprobe -v error -i x")).toBe("probe");
  expect(toolOf("ffmpeg -i x -c copy y.mp4")).toBe("other");
  expect(toolOf("node cli.ts --edge http://ffmpeg.example")).toBeNull();
});

test("tools are told with their number and their CPU time", () => {
  const spans = [span("encode", 0, 1), span("probe", 0, 1), span("encode", 2, 3)];
  const line = toolLine(spans.map((one, at) => ({ ...one, cpu: at + 0.5 })));
  expect(line).toContain("encoders 2 runs, 3.00 s of CPU · ffprobe 1 runs, 1.50 s of CPU");
});
