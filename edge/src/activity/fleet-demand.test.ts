import { expect, test } from "vitest";
import { fleetHappening, REMIND_MS, whyWanted, type Demand } from "./fleet-demand.ts";

const LIMIT_MS = 300_000;
const NOW = 1_800_000_000_000;
const QUIET: Demand = {
  ...{ pool: "main", waiting: 0, needs: { encoder: 0, io: 0 }, oldestWaitMs: null },
  ...{ starving: 0, starvingWaitMs: null, agentsOnline: 0 },
};
const STARVING: Demand = {
  ...{ pool: "main", waiting: 3, needs: { encoder: 2, io: 1 }, oldestWaitMs: 90_000 },
  ...{ starving: 2, starvingWaitMs: 60_000, agentsOnline: 1 },
};

test("agents are wanted by jobs that nobody can do, and by those that wait too long", () => {
  expect(whyWanted(QUIET, LIMIT_MS)).toBeNull();
  expect(whyWanted(STARVING, LIMIT_MS)).toBe("starving");
  expect(whyWanted({ ...STARVING, starving: 0, starvingWaitMs: null }, LIMIT_MS)).toBeNull();
  expect(whyWanted({ ...QUIET, oldestWaitMs: LIMIT_MS + 1 }, LIMIT_MS)).toBe("waiting");
});

test("an agent that lost its link for a moment wakes nobody", () => {
  expect(whyWanted({ ...STARVING, starvingWaitMs: 29_999 }, LIMIT_MS)).toBeNull();
  expect(whyWanted({ ...STARVING, starvingWaitMs: 30_000 }, LIMIT_MS)).toBe("starving");
});

test("demand is told once, again every ten minutes, and its end once", () => {
  const told = new Map<string, string>();
  let since: number | null = null;
  for (let minute = 0; minute < 35; minute++) {
    const demand = minute < 25 ? STARVING : QUIET;
    const happening = fleetHappening(demand, since, LIMIT_MS, NOW + minute * 60_000);
    if (!happening) continue;
    told.set(happening.id, happening.type);
    since = happening.type === "fleet.wanted" ? happening.since : null;
  }
  expect([...told.values()]).toEqual(["fleet.wanted", "fleet.wanted", "fleet.wanted", "fleet.satisfied"]);
});

test("two looks in the same ten minutes tell the same event, a new demand another", () => {
  const first = fleetHappening(STARVING, null, LIMIT_MS, NOW);
  const second = fleetHappening({ ...STARVING, waiting: 9 }, NOW, LIMIT_MS, NOW + REMIND_MS - 1);
  expect(second?.id).toBe(first?.id);
  expect(fleetHappening(STARVING, null, LIMIT_MS, NOW + 1)?.id).not.toBe(first?.id);
  expect(first?.id).toMatch(/^[\w-]+$/);
});
