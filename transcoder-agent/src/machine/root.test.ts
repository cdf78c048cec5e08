import { expect, test } from "vitest";
import { demandOrdinaryUser } from "./root.ts";

test("root is refused unless that was said; anybody else is not asked", () => {
  expect(() => demandOrdinaryUser(false, 0)).toThrow(/does not run as root.*CAPCLOUD_ALLOW_ROOT=1/);
  demandOrdinaryUser(true, 0);
  demandOrdinaryUser(false, 1000);
  // Windows has no such number.
  demandOrdinaryUser(false, Number.NaN);
});
