import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

test("says nothing before it has seen enough", () => {
  const pace = new Pace(10_000);
  pace.note(0, 0);
  pace.note(500, 300);
  expect([pace.speed(), pace.left()]).toEqual([null, null]);
});

test("tells bytes a second and the seconds that are left", () => {
  const pace = new Pace(10_000);
  pace.note(0, 0);
  pace.note(2_000, 1_000);
  expect([pace.speed(), pace.left()]).toEqual([2_000, 4]);
});

test("forgets how it went long ago", () => {
  const pace = new Pace(1_000_000);
  pace.note(0, 0);
  pace.note(500_000, 1_000);
  for (let at = 10_000; at <= 12_000; at += 500) pace.note(500_000 + (at - 10_000) / 10, at);
  expect(pace.speed()).toBe(100);
});
