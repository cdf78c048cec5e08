import { afterEach, expect, test } from "vitest";
import { DISK_MARGIN_BYTES } from "../machine/disk.ts";
import { silentLog } from "../rehearsal/log.ts";
import { until } from "../rehearsal/until.ts";
import { parseHours } from "./hours.ts";
import { Keeper, type Readings } from "./keeper.ts";
import { restAt, type Circumstances, type Rest, type RestRules } from "./resting.ts";

const NIGHT = parseHours("22:00-07:00");
const RULES: RestRules = { hours: NIGHT, whenGpuBusy: true, onBattery: true, graceMs: 1 };
const WORK: Circumstances = {
  at: { day: 1, minute: 23 * 60 },
  gpuBusy: false,
  onBattery: false,
  diskFreeBytes: 10 * DISK_MARGIN_BYTES,
};
const NOON = { day: 1, minute: 12 * 60 };
const FREE: RestRules = { hours: null, whenGpuBusy: false, onBattery: false, graceMs: 1 };

test.each([
  ["all is well", RULES, {}, null],
  ["by day", RULES, { at: NOON }, "outside its hours (22:00-07:00)"],
  ["by day, without hours", FREE, { at: NOON }, null],
  ["on battery", RULES, { onBattery: true }, "on battery"],
  ["no battery to be on", RULES, { onBattery: null }, null],
  ["on battery, which was not asked about", FREE, { onBattery: true }, null],
  ["a game", RULES, { gpuBusy: true }, "the GPU is busy with something else"],
  ["a game, which was not asked about", FREE, { gpuBusy: true }, null],
  ["a full disk, whatever the rules", FREE, { diskFreeBytes: DISK_MARGIN_BYTES - 1 }, "the disk is full"],
] as const)("%s", (_what, rules, unlike, reason) => {
  expect(restAt(rules, { ...WORK, ...unlike }, null)?.reason ?? null).toBe(reason);
});

test("a disk that was full must have room to spare; jobs that run may end on it", () => {
  const full: Rest | null = restAt(FREE, { ...WORK, diskFreeBytes: 0 }, null);
  expect(full?.endsJobs).toBe(false);
  const little = { ...WORK, diskFreeBytes: DISK_MARGIN_BYTES + 1 };
  expect(restAt(FREE, little, full)).toEqual(full);
  expect(restAt(FREE, little, null)).toBeNull();
  expect(restAt(FREE, { ...WORK, diskFreeBytes: 2 * DISK_MARGIN_BYTES }, full)).toBeNull();
});

let keeper: Keeper | undefined;
afterEach(() => keeper?.stop());

test("the keeper knows before the first job, and tells changes once", async () => {
  const told: (string | undefined)[] = [];
  let hour = 12;
  let failures = 0;
  let free = WORK.diskFreeBytes;
  const readings: Readings = {
    now: () => new Date(2026, 10, 20, hour),
    gpu: { by: null, read: async () => null },
    onBattery: async () => null,
    diskFree: async () => {
      if (free < 0) {
        failures += 1;
        throw new Error("the disk is gone");
      }
      return free;
    },
  };
  keeper = new Keeper({
    rules: { ...FREE, hours: NIGHT },
    readings,
    working: () => false,
    changed: (rest) => told.push(rest?.reason),
    log: silentLog,
    lookMs: 1,
  });
  await keeper.start();
  expect(told).toEqual(["outside its hours (22:00-07:00)"]);
  hour = 23;
  await until("it wakes", () => told.length === 2);
  // What cannot be read changes nothing, and does not end the looking.
  free = -1;
  await until("the disk was looked at", () => failures > 0);
  free = 0;
  await until("it rests again", () => told.length === 3);
  expect(told).toEqual(["outside its hours (22:00-07:00)", undefined, "the disk is full"]);
});
