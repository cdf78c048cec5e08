import { expect, test } from "vitest";
import { PATIENCE, Patience } from "./patience.ts";

const middle = () => 0.5;

test("waits double up to the slowest", () => {
  const patience = new Patience(PATIENCE, middle);
  const waits = Array.from({ length: 9 }, () => patience.after("unreachable", 0));
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

test("a line that is away is waited for by time, not by count", () => {
  const patience = new Patience(PATIENCE, middle);
  for (let second = 0; second < 600; second++) {
    expect(patience.after("unreachable", second * 1_000)).not.toBeNull();
  }
  expect(patience.after("unreachable", 600_001)).toBeNull();
});

test("a storage that keeps answering no is given up, and progress starts the count anew", () => {
  const patience = new Patience(PATIENCE, middle);
  expect([patience.after("denied", 0), patience.after("denied", 0)]).toEqual([250, 500]);
  patience.progressed();
  expect([patience.after("denied", 1), patience.after("denied", 1), patience.after("denied", 1)]).toEqual([
    250,
    500,
    null,
  ]);
});
