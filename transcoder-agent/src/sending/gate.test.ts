import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

const never = new AbortController().signal;

test("at most so many go through at once, in the order they came", async () => {
  const gate = new Gate(2);
  const order: number[] = [];
  let [now, most] = [0, 0];
  const work = (number: number) => async () => {
    order.push(number);
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    if (number === 1) throw new Error("one fails");
  };
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => gate.run(never, work(number))));
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  expect(all.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});

test("what takes several places waits until they are free, and nobody overtakes it", async () => {
  const gate = new Gate(3);
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const go = (name: string, places: number, signal = never) =>
    gate.run(signal, () => (order.push(name), new Promise<void>((end) => ends.set(name, end))), places);
  const [small, large, late] = [go("small", 1), go("large", 7), go("late", 1)];
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  await settled();
  expect(order).toEqual(["small"]);
  ends.get("small")?.();
  await small;
  await settled();
  expect(order).toEqual(["small", "large"]);
  ends.get("large")?.();
  await large;
  await settled();
  expect(order).toEqual(["small", "large", "late"]);
  const control = new AbortController();
  const dropped = go("dropped", 3, control.signal);
  const last = go("last", 1);
  control.abort(new Error("dropped"));
  await expect(dropped).rejects.toThrow("dropped");
  await settled();
  expect(order.at(-1)).toBe("last");
  ends.get("late")?.();
  ends.get("last")?.();
  await Promise.all([late, last]);
});

test("who gives up while waiting takes no place", async () => {
  const gate = new Gate(1);
  const control = new AbortController();
  let open = () => {};
  const first = gate.run(never, () => new Promise<void>((resolve) => (open = resolve)));
  const second = gate.run(control.signal, async () => "second");
  const third = gate.run(never, async () => "third");
  control.abort(new Error("dropped"));
  await expect(second).rejects.toThrow("dropped");
  open();
  await first;
  expect(await third).toBe("third");
});
