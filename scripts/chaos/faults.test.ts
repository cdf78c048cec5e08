import { expect, test } from "vitest";
import { KINDS, type PlanOptions, planFaults } from "./faults.ts";

const OPTIONS: PlanOptions = {
  ...{ agents: 3, forMs: 600_000, rounds: Infinity, leaseMs: 8_000, gapMs: 4_000, hangMs: 130_000 },
};

test("a seed names a plan, and another seed another one", () => {
  expect(planFaults(7, OPTIONS)).toEqual(planFaults(7, OPTIONS));
  expect(planFaults(7, OPTIONS)).not.toEqual(planFaults(8, OPTIONS));
});

test("one round has every kind once, in no order of its own", () => {
  const kinds = [1, 2].map((seed) =>
    planFaults(seed, { ...OPTIONS, rounds: 1 }).map(({ fault }) => fault.kind),
  );
  for (const round of kinds) expect([...round].sort()).toEqual([...KINDS].sort());
  expect(kinds[0]).not.toEqual(kinds[1]);
});

test("faults come in time, hit agents that exist, and leave one whose ffmpeg is never sick", () => {
  for (let seed = 1; seed <= 50; seed++) {
    for (const { at, fault } of planFaults(seed, OPTIONS)) {
      expect(at).toBeLessThan(OPTIONS.forMs);
      if ("agent" in fault) expect(fault.agent).toBeLessThan(OPTIONS.agents);
      if (fault.kind === "ffmpeg sick") expect(fault.agent).toBeLessThan(OPTIONS.agents - 1);
      if (fault.kind === "agent frozen") expect(fault.ms).toBeGreaterThan(OPTIONS.leaseMs);
    }
  }
});
