import { expect, test } from "vitest";
import { takeTurns } from "./sides.ts";

test("sides take turns, and each leads as often as it follows", async () => {
  const order: string[] = [];
  const side = (name: string) => async (round: number) => {
    order.push(name);
    return `${name}${round}`;
  };
  const values = await takeTurns({ ours: side("o"), bare: side("b") }, 4);
  expect(order.join("")).toBe("obboobbo");
  expect(values).toEqual({ ours: ["o0", "o1", "o2", "o3"], bare: ["b0", "b1", "b2", "b3"] });
});
