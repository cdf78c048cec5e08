/**
 * A short stretch of `npm run chaos` with every test, and the seeds that are kept. Each runs in a thread whose
 * clocks and chance are virtual, so that it takes the same course each time.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEPT_SEEDS } from "./kept-seeds.ts";
import { shrink } from "./shrink.ts";
import type { Outcome } from "./simulate.ts";
import { Threads } from "./threads.ts";

/** Beyond these `npm run chaos -- --seeds N` goes on. */
const SHORT = 40;

let threads: Threads;
beforeAll(() => (threads = new Threads(2)));
afterAll(() => threads.close());

async function brokenOf(seeds: readonly number[]): Promise<string[]> {
  const broken: string[] = [];
  const choices = seeds.map((seed) => ({ seed, only: null }));
  await threads.runAll(choices, ({ seed, violation }) => {
    if (violation)
      broken.push(`seed ${seed} at event ${violation.step}: ${violation.invariant}: ${violation.text}`);
    return true;
  });
  return broken;
}

test(`${SHORT} seeds keep every promise`, async () => {
  const seeds = Array.from({ length: SHORT }, (_, at) => 1 + at);
  expect(await brokenOf(seeds)).toEqual([]);
});

test("seeds that run into a guard keep every promise", async () => {
  expect(await brokenOf(Object.keys(KEPT_SEEDS).map(Number))).toEqual([]);
});

test("a seed takes the same course each time, whatever its thread did before", async () => {
  const course = ({ steps, trace }: Outcome) => ({ steps, trace });
  const first = await threads.run({ seed: 12, only: null });
  const [again, elsewhere] = await Promise.all([1, 2].map(() => threads.run({ seed: 12, only: null })));
  expect(again && course(again)).toEqual(course(first));
  expect(elsewhere && course(elsewhere)).toEqual(course(first));
  expect(course(await threads.run({ seed: 13, only: null }))).not.toEqual(course(first));
});

test("a failure is shrunk to what it takes", async () => {
  const items = Array.from({ length: 40 }, (_, at) => at);
  const fails = (left: readonly number[]) => Promise.resolve(left.includes(3) && left.includes(31));
  expect(await shrink(items, fails)).toEqual([3, 31]);
});
