import { expect, test } from "vitest";
import { GIVEN_UP_MS, pauseAfter, TRIES } from "./retries.ts";

test("eight more tries, ever later, the last a day after the first", () => {
  const pauses = Array.from({ length: TRIES }, (_, at) => pauseAfter(at + 1));
  expect(pauses.at(-1)).toBeNull();
  const given = pauses.filter((pause) => pause !== null);
  expect(given).toHaveLength(8);
  expect(given).toEqual([...given].sort((one, other) => one - other));
  expect(given.reduce((sum, pause) => sum + pause, 0)).toBe(GIVEN_UP_MS);
});
