import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Beats } from "./beats.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const beats = new Beats();
  const order: string[] = [];
  const come = (name: string) => void beats.next().then(() => order.push(name));
  return { order, come };
}

test("a frame that comes alone does not wait", async () => {
  const { order, come } = watched();
  come("alone");
  await Promise.resolve();
  expect(order).toEqual(["alone"]);
  await vi.runAllTimersAsync();
  come("alone again");
  await Promise.resolve();
  expect(order).toEqual(["alone", "alone again"]);
});

test("those that follow close on it go together, one beat after another, and none is left behind", async () => {
  const { order, come } = watched();
  come("first");
  come("second");
  come("third");
  await Promise.resolve();
  expect(order).toEqual(["first"]);
  await vi.advanceTimersToNextTimerAsync();
  expect(order).toEqual(["first", "second", "third"]);
  come("fourth");
  await Promise.resolve();
  expect(order).toHaveLength(3);
  await vi.advanceTimersToNextTimerAsync();
  expect(order).toHaveLength(4);
  await vi.runAllTimersAsync();
  expect(vi.getTimerCount()).toBe(0);
});
