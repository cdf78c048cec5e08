import { expect, test } from "vitest";
import { LandedLate, readFromBefore } from "./seeking.ts";

/** Tries until what is read starts at `arrives` or before; answers where it read from. */
async function readings(start: number, origin: number, arrives: number, preroll?: number) {
  const tried: (number | null)[] = [];
  await readFromBefore({ start, origin, preroll }, (from) => {
    tried.push(from);
    return from !== null && from > arrives ? Promise.reject(new LandedLate()) : Promise.resolve();
  });
  return tried;
}

test("a second before is enough, as a rule", async () => {
  expect(await readings(60, 0, 59)).toEqual([59]);
});

test("who lands late tries from further back, at last from the beginning", async () => {
  expect(await readings(60, 0, 50)).toEqual([59, 45]);
  expect(await readings(60, 0, 10)).toEqual([59, 45, null]);
});

test("a known keyframe is read from, and not the one before it", async () => {
  expect(await readings(60, 0, 60.001, 0)).toEqual([60.001]);
  expect(await readings(60, 0, 60.001, 8)).toEqual([52.001]);
  expect(await readings(8, 0, 60, 8)).toEqual([null]);
  expect(await readings(0, 0, 0, 0)).toEqual([null]);
});

test("should even that be late, the same is read from further back", async () => {
  expect(await readings(60, 0, 59, 0)).toEqual([60.001, 59]);
  expect(await readings(60, 0, 50, 8)).toEqual([52.001, 45]);
});

test("near the beginning there is nothing to seek", async () => {
  expect(await readings(0.5, 0, 0)).toEqual([null]);
  expect(await readings(10, 9.5, 0)).toEqual([null]);
  expect(await readings(10, 0, 5)).toEqual([9, null]);
});

test("other failures are nobody's landing", async () => {
  const failing = readFromBefore({ start: 60, origin: 0 }, () => Promise.reject(new Error("broken")));
  await expect(failing).rejects.toThrow("broken");
});
