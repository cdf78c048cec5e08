import { expect, test } from "vitest";
import { COPYABLE_PLAN, evenFrames, planOf } from "../../media/testing/plans.ts";
import { RANK } from "../ledger/ledger-types.ts";
import { isExtra, planAwaited, planMp4, planPieces } from "./pieces.ts";
import { spec } from "../testing/jobs.ts";

const ORIGIN = spec();

test("a planned film: head first, then the rest by nearness; the mp4 waits for all of it", () => {
  const rung = { mode: "encode" as const, ceiling: 1_000 };
  const rungs = [
    { ...rung, name: "480", width: 854, height: 480 },
    { ...rung, name: "720", width: 1_280, height: 720 },
  ];
  const plan = planOf(evenFrames(60), { rungs });
  const pieces = planPieces(ORIGIN, plan);
  const heads = pieces.filter(({ rank }) => rank <= RANK.head);
  expect(heads.every(({ position }) => position === 0)).toBe(true);
  expect(pieces.filter(({ rank }) => rank === RANK.first).map(({ part }) => part)).toEqual(["480.0-1"]);
  const covered = new Map<string, number[]>();
  for (const { recipe } of pieces) {
    if (recipe?.kind !== "video") continue;
    for (const { name } of recipe.rungs) {
      const [from, until] = recipe.segments;
      const own = Array.from({ length: until - from }, (_, at) => from + at);
      covered.set(name, [...(covered.get(name) ?? []), ...own]);
    }
  }
  const all = Array.from({ length: plan.boundaries.length - 1 }, (_, at) => at);
  for (const segments of covered.values()) expect(segments.sort((a, b) => a - b)).toEqual(all);
  expect(new Set(pieces.map(({ part }) => part)).size).toBe(pieces.length);
  const mp4 = planMp4(ORIGIN, plan, ["a", "b"]);
  expect(mp4).toMatchObject({ kind: "mp4", rank: RANK.after, recipe: null, parents: ["a", "b"] });
});

test("somebody who waits gets one segment after a seek, a few when playing on, up to what is there", () => {
  const plan = planOf(evenFrames(60));
  const name = plan.rungs[0]?.name ?? "";
  const segmentsOf = (track: string, ...claimed: number[]) => {
    const spec = planAwaited(ORIGIN, plan, track, 5, (at) => claimed.includes(at));
    expect(spec.rank).toBe(RANK.awaited);
    expect(isExtra(spec)).toBe(true);
    return spec.recipe && "segments" in spec.recipe ? spec.recipe.segments : null;
  };
  expect(segmentsOf(name)).toEqual([5, 6]);
  expect(segmentsOf(name, 4)).toEqual([5, 8]);
  expect(segmentsOf(name, 4, 7)).toEqual([5, 7]);
  expect(segmentsOf("audio-0")).toEqual([5, 9]);
  expect(planPieces(ORIGIN, plan).some(isExtra)).toBe(false);
});

test("a copied rung needs no encoder and costs little", () => {
  const plan = planOf(evenFrames(60), COPYABLE_PLAN);
  const pieces = planPieces(ORIGIN, plan);
  const copies = pieces.filter(({ makes }) => makes.every(({ name }) => name === "1080"));
  expect(copies.length).toBeGreaterThan(1);
  expect(new Set(copies.map(({ needs }) => needs))).toEqual(new Set(["io"]));
  const encodes = pieces.filter(({ kind, needs }) => kind === "video" && needs === "encoder");
  expect(encodes.every(({ makes }) => makes.every(({ name }) => name !== "1080"))).toBe(true);
  expect(Math.max(...copies.map(({ cost }) => cost))).toBeLessThan(
    Math.max(...encodes.map(({ cost }) => cost)),
  );
});
