import { expect, test } from "vitest";
import { FrontPace } from "./front-pace.ts";

test("each film's front moves once a second, however many places are asked for", () => {
  const pace = new FrontPace();
  const moves = Array.from({ length: 30 }, (_, at) => pace.take("one", 1_000 + at * 100)).filter(Boolean);
  expect(moves).toHaveLength(3);
  expect(pace.take("other", 1_000)).toBe(true);
});

test("what may move again is forgotten", () => {
  const pace = new FrontPace();
  for (let film = 0; film < 5_000; film++) expect(pace.take(`film ${film}`, film)).toBe(true);
  expect(pace.take("film 4999", 5_000)).toBe(false);
  expect(pace.take("film 1", 5_000)).toBe(true);
});
