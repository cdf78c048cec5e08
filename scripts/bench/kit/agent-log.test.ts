import { expect, test } from "vitest";
import { isIdle, jobsOf, parseLine } from "./agent-log.ts";

const line = (second: number, message: string, job?: string) =>
  JSON.stringify({
    time: new Date(second * 1_000).toISOString(),
    level: "info",
    message,
    job,
    kind: job && "video",
  });

const read = (texts: string[]) => texts.map(parseLine).filter((found) => found !== null);

test("jobs are read from a log, also a job that was begun twice", () => {
  const lines = read([
    line(0, "ready to work"),
    line(1, "started", "a"),
    "half a li",
    line(2, "started", "b"),
    line(3, "done", "a"),
    line(4, "dropped", "b"),
    line(5, "started", "b"),
    line(9, "done", "b"),
  ]);
  expect(jobsOf(lines).map(({ job, from, to }) => [job, from, to])).toEqual([
    ["a", 1_000, 3_000],
    ["b", 2_000, null],
    ["b", 5_000, 9_000],
  ]);
  expect(isIdle(lines)).toBe(true);
  expect(isIdle(lines.slice(0, 4))).toBe(false);
});
