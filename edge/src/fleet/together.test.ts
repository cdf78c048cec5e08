/** Several pools as one: nothing is told twice, nothing is left out. */
import { expect, test } from "vitest";
import type { AgentSight } from "../coordinator/admin/fleet-sight.ts";
import type { JobPage, JobSight } from "../coordinator/admin/view-store.ts";
import { cursorIn, oneFleet, onePage } from "./together.ts";

const SLOTS = { gpu: 0, cpu: 1, io: 1 };
const queue = (ready: number, oldest: number | null) => ({ counts: { ready, dead: 1 }, oldest, starving: 1 });
const sight = (id: string, changes: Partial<AgentSight> = {}): AgentSight => ({
  ...{ id, connectedAt: null, seenAt: 0, resting: null, refusal: null, version: "1", platform: "linux" },
  ...{ ffmpeg: "5", sandbox: null, encoders: [], cores: 2, memoryBytes: 1, slots: SLOTS, free: SLOTS },
  ...{ jobs: [], speed: {}, done: 0, losses: 0, ...changes },
});

test("an agent that has moved stands once, where it is connected, with all it did", () => {
  const before = sight("a", { seenAt: 9, done: 3, losses: 1, speed: { image: 1, video: 2 } });
  const now = sight("a", { seenAt: 8, connectedAt: 7, done: 2, speed: { image: 5 } });
  const other = sight("b", { seenAt: 4 });
  const { agents } = oneFleet([
    { pool: "main", agents: [before, other], queue: queue(0, null) },
    { pool: "second", agents: [now], queue: queue(0, null) },
  ]);
  expect(agents.map(({ id, pool }) => [id, pool])).toEqual([
    ["a", "second"],
    ["b", "main"],
  ]);
  expect(agents[0]).toMatchObject({ connectedAt: 7, done: 5, losses: 1, speed: { image: 5, video: 2 } });
});

test("one that is away stands as the pool tells that heard of it last", () => {
  const { agents } = oneFleet([
    { pool: "main", agents: [sight("a", { seenAt: 1 })], queue: queue(0, null) },
    { pool: "second", agents: [sight("a", { seenAt: 2, refusal: "too old" })], queue: queue(0, null) },
  ]);
  expect(agents).toMatchObject([{ pool: "second", refusal: "too old" }]);
});

test("queues add up, and the oldest wait is the oldest of all", () => {
  const fleets = [queue(2, 50), queue(3, 40), queue(0, null)].map((one, at) => ({
    ...{ pool: `p${at}`, agents: [], queue: one },
  }));
  expect(oneFleet(fleets).queue).toEqual({ counts: { ready: 5, dead: 3 }, oldest: 40, starving: 3 });
});

/** A pool's list as its coordinator answers it: a few a page, newest first. */
function pageOf(ids: readonly string[], cursor: string | undefined, most: number): JobPage {
  const below = ids.filter((id) => id < (cursor ?? "~")).toSorted((one, other) => (one < other ? 1 : -1));
  const jobs = below.slice(0, most).map((id) => ({ id }) as JobSight);
  return { jobs, next: below.length > most ? (jobs.at(-1)?.id ?? null) : null };
}

test.each([1, 2, 3, 7])("page by page, %i of each pool, every job comes once and newest first", (most) => {
  // Numbers stand for the time in an id. One pool is busy lately, one was long ago, one has nothing.
  const times = {
    main: [1, 3, 5, 20, 21, 22, 23, 24],
    second: [2, 4, 6, 7, 8, 9, 10, 11, 12, 13],
    third: [],
  };
  const idsOf = (pool: string, all: readonly number[]) =>
    all.map((time) => `${pool}.${String(time).padStart(3, "0")}`);
  const pools = Object.entries(times).map(([pool, all]) => ({ pool, ids: idsOf(pool, all) }));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = onePage(pages(cursor));
    seen.push(...page.jobs.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  const timesSeen = seen.map((id) => Number(id.split(".")[1]));
  expect(timesSeen).toEqual(
    Object.values(times)
      .flat()
      .toSorted((one, other) => other - one),
  );

  function pages(from: string | undefined): JobPage[] {
    return pools.map(({ pool, ids }) => pageOf(ids, cursorIn(pool, from), most));
  }
});
