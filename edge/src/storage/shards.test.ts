import { describe, expect, test } from "vitest";
import { chooseShard, distanceKm, type ShardCandidate } from "./shards.ts";

const NOW = 1_000_000;
const FRANKFURT = { lat: 50.1, lon: 8.7 };
const VIRGINIA = { lat: 39, lon: -77.5 };
const TOKYO = { lat: 35.7, lon: 139.7 };
const PARIS = { lat: 48.9, lon: 2.3 };
const NEW_YORK = { lat: 40.7, lon: -74 };
const AUCKLAND = { lat: -36.8, lon: 174.8 };

function shard(
  name: string,
  place: { lat: number; lon: number },
  over: Partial<ShardCandidate> = {},
): ShardCandidate {
  return {
    name,
    bucket: name.toLowerCase(),
    ...place,
    weight: 1,
    budgetBytes: 1_000,
    state: "open",
    usedBytes: 0,
    coolingUntil: 0,
    ...over,
  };
}

const weur = (over?: Partial<ShardCandidate>) => shard("WEUR", FRANKFURT, over);
const enam = (over?: Partial<ShardCandidate>) => shard("ENAM", VIRGINIA, over);
const apac = (over?: Partial<ShardCandidate>) => shard("APAC", TOKYO, over);
const choose = (candidates: ShardCandidate[], place: typeof PARIS | null, size = 100, random = 0.5) =>
  chooseShard(candidates, place, size, NOW, () => random)?.name ?? null;

describe("the nearest shard that can", () => {
  test.each([
    ["from Paris", PARIS, [weur(), enam(), apac()], "WEUR"],
    ["from New York", NEW_YORK, [weur(), enam(), apac()], "ENAM"],
    ["from Auckland, across the date line", AUCKLAND, [weur(), enam(), apac()], "APAC"],
    ["full", PARIS, [weur({ usedBytes: 901 }), enam()], "ENAM"],
    ["just fits", PARIS, [weur({ usedBytes: 900 }), enam()], "WEUR"],
    ["over its budget", PARIS, [weur({ usedBytes: 5_000 }), enam()], "ENAM"],
    ["draining", PARIS, [weur({ state: "draining" }), enam()], "ENAM"],
    ["closed", PARIS, [weur({ state: "closed" }), enam()], "ENAM"],
    ["cooling after failures", PARIS, [weur({ coolingUntil: NOW + 1 }), enam()], "ENAM"],
    ["cooled down", PARIS, [weur({ coolingUntil: NOW }), enam()], "WEUR"],
    ["a great weight far away does not draw", PARIS, [weur(), enam({ weight: 1_000 })], "WEUR"],
    [
      "the next nearest when the nearest cannot",
      NEW_YORK,
      [enam({ state: "closed" }), apac(), weur()],
      "WEUR",
    ],
    ["all full", PARIS, [weur({ usedBytes: 1_000 }), enam({ usedBytes: 1_000 })], null],
    ["all failing", PARIS, [weur({ coolingUntil: NOW + 1 }), enam({ coolingUntil: NOW + 1 })], null],
    ["none at all", PARIS, [], null],
  ])("%s", (_, place, candidates, expected) => {
    expect(choose(candidates, place)).toBe(expected);
  });
});

describe("among shards about as near, by weight and free budget", () => {
  const share = (one: ShardCandidate, other: ShardCandidate, place: typeof PARIS | null = PARIS) => {
    const steps = Array.from({ length: 100 }, (_, i) => choose([one, other], place, 1, i / 100));
    return steps.filter((name) => name === one.name).length;
  };

  test.each([
    ["alike", weur(), shard("NEAR", PARIS), 50],
    ["three times the weight", weur({ weight: 3 }), shard("NEAR", PARIS), 75],
    ["half full against empty", weur({ usedBytes: 500 }), shard("NEAR", PARIS), 34],
    ["never a full one", weur({ usedBytes: 1_000 }), shard("NEAR", PARIS), 0],
  ])("%s", (_, one, other, percent) => {
    expect(share(one, other)).toBe(percent);
  });

  test("a visitor of unknown place is as near to all", () => {
    expect(share(weur(), apac(), null)).toBe(50);
  });
});

test("distances are those of a globe", () => {
  expect(distanceKm(FRANKFURT, VIRGINIA)).toBeCloseTo(6_530, -2);
  expect(distanceKm({ lat: 0, lon: 179 }, { lat: 0, lon: -179 })).toBeCloseTo(222, 0);
  expect(distanceKm(TOKYO, TOKYO)).toBe(0);
});
