import { expect, test } from "vitest";
import { Damage } from "./damage.ts";

test("a damaged place is skipped, further each time it turns out to be longer", () => {
  const damage = new Damage();
  expect(damage.behind(10)).toBe(11);
  expect(damage.behind(11)).toBe(13);
  expect(damage.behind(13.5)).toBe(17.5);
  expect(damage.behind(17.5)).toBe(25.5);
  expect(damage.behind(25.5)).toBe(33.5);
});

test("another place begins anew", () => {
  const damage = new Damage();
  damage.behind(10);
  expect(damage.behind(40)).toBe(41);
});
