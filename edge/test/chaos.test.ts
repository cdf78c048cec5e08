import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { KINDS } from "../../scripts/chaos/faults.ts";
import { runReal } from "../../scripts/chaos/real.ts";

/** Another one each week, so that a year of runs tries fifty; a failure names it. */
const SEED = Math.floor(Date.now() / (7 * 24 * 3_600_000));
const QUIET = { live: () => {}, say: () => {} };

test("two agents under every kind of fault: what was acknowledged is there, whole, and nothing else is left", async () => {
  const { violations, history, kept, jobs, folder } = await runReal({
    ...{ seed: SEED, agents: 2, films: 2, large: false, leaseSeconds: 6, screen: QUIET },
    ...{ forMs: 60_000, rounds: 1, gapMs: 1_500, hangMs: 4_000, settleMs: 240_000 },
  });
  expect(violations, `seed ${SEED}, ${history.path}`).toEqual([]);
  const struck = new Set(
    history.entries.flatMap(({ event, facts }) => (event === "fault" ? [facts["kind"]] : [])),
  );
  expect(struck).toEqual(new Set([...KINDS, "poison"]));
  expect(
    kept.filter(({ sample, state }) => sample.kind === "film" && state === "kept").length,
  ).toBeGreaterThan(0);
  expect(jobs.some(({ state }) => state === "done")).toBe(true);
  rmSync(folder, { recursive: true, force: true });
});
