import { expect, test } from "vitest";
import type { ShardCandidate } from "../storage/shards.ts";
import { pickShard, placeOf } from "./shard-choice.ts";

test.each([
  [
    { latitude: "50.11", longitude: "8.68" },
    { lat: 50.11, lon: 8.68 },
  ],
  [
    { latitude: "-36.8", longitude: "174.8", colo: "AKL" },
    { lat: -36.8, lon: 174.8 },
  ],
  [{ latitude: "50.11" }, null],
  [{ latitude: "", longitude: "" }, null],
  [{ latitude: "91", longitude: "0" }, null],
  [{ latitude: "north", longitude: "0" }, null],
  [{}, null],
  [undefined, null],
])("the place of %j", (cf, place) => {
  expect(placeOf(cf)).toEqual(place);
});

const shard: ShardCandidate = {
  name: "SHARD_WEUR",
  bucket: "b",
  lat: 0,
  lon: 0,
  weight: 1,
  budgetBytes: 1_000,
  state: "open",
  usedBytes: 0,
  coolingUntil: 0,
};

test.each([
  ["full", { usedBytes: 1_000 }, "out_of_space"],
  ["draining", { state: "draining" as const }, "out_of_space"],
  ["failing for now", { coolingUntil: Infinity }, "unavailable"],
  ["failing and full", { coolingUntil: Infinity, usedBytes: 1_000 }, "out_of_space"],
])("the only shard is %s", (_, over, code) => {
  expect(() => pickShard([{ ...shard, ...over }], null, 10, 1)).toThrow(expect.objectContaining({ code }));
});
