import { expect, test } from "vitest";
import { headSteps } from "./head-steps.ts";

test("the steps to the first segment follow one another and add up", () => {
  const steps = headSteps({
    answered: 0,
    playable: 2_000,
    jobs: [
      { job: "i", kind: "inspect", from: 10, to: 700 },
      { job: "a", kind: "audio", from: 720, to: 900 },
      { job: "v", kind: "video", from: 710, to: 1_900 },
    ],
    tools: [
      { pid: 1, tool: "probe", from: 20, to: 320, cpu: 0 },
      { pid: 2, tool: "other", from: 300, to: 500, cpu: 0 },
      { pid: 3, tool: "encode", from: 800, to: 1_700, cpu: 0 },
    ],
  });
  const seconds = steps.map((step) => Number(step.seconds.toFixed(3)));
  expect(seconds).toEqual([0.01, 0.3, 0.18, 0.21, 0.01, 0.9, 0, 0.29, 0, 0.1]);
  expect(seconds.reduce((total, step) => total + step, 0)).toBeCloseTo(2);
});
