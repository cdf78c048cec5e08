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
