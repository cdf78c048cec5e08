/** The small parts around the ledger: ids, badges, waits and what the stores promise. */
import { describe, expect, test } from "vitest";
import { freeSlots, isSilent, newBadge, seatOf } from "../frames/badges.ts";
import { RANK, type Job } from "../ledger/ledger-types.ts";
import { newJob } from "../ledger/ledger.ts";
import { blend } from "../grants/speed.ts";
import { job, NOW, spec } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { migrate } from "./migrations.ts";
import { createIds, increment } from "../ledger/ulid.ts";
import { createWaiters } from "../watching/waiters.ts";

test("ids grow, within a millisecond and when the clock goes back", () => {
  const ids = createIds((length) => new Uint8Array(length).fill(255));
  const made = [NOW, NOW, NOW - 5_000, NOW + 1, NOW + 1].map(ids);
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  expect(increment("01AZZ")).toBe("01B00");
});

describe("slots", () => {
  const slots = (gpu: number, cpu: number, io: number) => ({ gpu, cpu, io });

  test("a grant that crossed the agent's word is not given away twice", () => {
    expect(freeSlots(slots(0, 2, 4), slots(0, 2, 4), slots(0, 1, 0))).toEqual(slots(0, 1, 4));
    expect(freeSlots(slots(0, 2, 4), slots(0, 0, 4), slots(0, 1, 0))).toEqual(slots(0, 0, 4));
    expect(freeSlots(slots(0, 1, 1), slots(0, 1, 1), slots(0, 3, 0))).toEqual(slots(0, 0, 1));
  });

  test("a drained kind comes back by itself, a silent link is no seat", () => {
    const badge = { ...newBadge("a", "", NOW), kinds: ["video" as const], drained: { video: NOW + 1_000 } };
    expect(seatOf(badge, NOW).drained).toEqual(["video"]);
    expect(seatOf(badge, NOW + 1_000).drained).toEqual([]);
    expect(isSilent(badge, 0, NOW + 64_000)).toBe(false);
    expect(isSilent(badge, 0, NOW + 66_000)).toBe(true);
    expect(isSilent(badge, NOW + 60_000, NOW + 66_000)).toBe(false);
  });
});

describe("the job store", () => {
  test("gives back what was saved, and refuses a key that is taken", () => {
    const { store } = openTestLedger();
    const job = newJob(spec(), "main.1", false, NOW);
    expect(store.jobs.insert(job, [])).toBe(true);
    expect(store.jobs.find("main.1")).toEqual(job);
    expect(store.jobs.insert({ ...job, id: "main.2" }, [])).toBe(false);
    expect(store.jobs.findByKey(spec())).toEqual(job);
  });

  test("shows the schedule the first few of every group, however large one of them is", () => {
    const { store } = openTestLedger();
    const add = (id: string, changes: Parameters<typeof spec>[0]) =>
      store.jobs.insert(newJob(spec({ fileId: id, ...changes }), `main.${id}`, false, NOW), []);
    for (let at = 0; at < 500; at++)
      add(`flood${String(at).padStart(4, "0")}`, { owner: "flood", position: at });
    add("modest", { owner: "modest", rank: RANK.after });
    add("film", { owner: "flood", kind: "video" });
    const heads = store.queue.waitingHeads(2).map(({ id }) => id);
    expect(heads).toEqual(["main.flood0000", "main.flood0001", "main.film", "main.modest"]);
  });

  test("of before a film's first rectangle had a rank of its own: what came later still does", () => {
    const { store, sql } = openTestLedger();
    for (const rank of [0, 1, 2, 3, 4]) {
      store.jobs.insert(
        { ...newJob(spec({ part: `${rank}` }), `main.${rank}`, false, NOW), rank, turn: rank },
        [],
      );
    }
    store.jobs.insert({ ...newJob(spec({ part: "risen" }), "main.5", false, NOW), rank: 4, turn: 1 }, []);
    sql.exec("delete from schema_version where version = 11");
    migrate(sql);
    const ranks = store.jobs.ofFile(spec().fileId).map(({ rank, turn }) => [rank, turn]);
    expect(ranks).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
      [4, 4],
      [5, 5],
      [5, 1],
    ]);
  });

  test("a word that is said anew while the old one is being written stays to be written", () => {
    const { store } = openTestLedger();
    store.outbox.add("f", "main.1", NOW);
    const [row] = store.outbox.due(NOW, 10);
    store.outbox.add("f", "main.1", NOW);
    if (row) store.outbox.drop(row);
    expect(store.outbox.countOf("f")).toBe(1);
    for (const again of store.outbox.due(NOW, 10)) store.outbox.drop(again);
    expect(store.outbox.countOf("f")).toBe(0);
  });

  test("objects may be in the making while a job is held, or may still be taken up again by who lost it", () => {
    const { store } = openTestLedger();
    store.jobs.insert(job(), []);
    const becomes = (changes: Partial<Job>) => {
      store.jobs.save(job(changes));
      return store.jobs.isInHand(job().fileId, NOW);
    };
    expect(becomes({ state: "ready" })).toBe(false);
    expect(becomes({ state: "blocked" })).toBe(false);
    for (const state of ["leased", "committing", "retry_wait"] as const)
      expect(becomes({ state })).toBe(true);
    const lost: Partial<Job> = { state: "ready", secretHash: "h", deadline: NOW + 1 };
    expect(becomes(lost)).toBe(true);
    expect(becomes({ ...lost, deadline: NOW })).toBe(false);
  });

  test("an absence that somebody was told of is not the next one of the same agent", () => {
    const { absences } = openTestLedger().store;
    absences.begin("a", NOW);
    const [told] = absences.untold(NOW, 10);
    absences.end("a");
    absences.begin("a", NOW + 1);
    if (told) absences.noteTold(told);
    const [next] = absences.untold(NOW + 1, 10);
    expect(next).toMatchObject({ agentId: "a", since: NOW + 1 });
    if (next) absences.noteTold(next);
    expect(absences.untold(NOW + 1, 10)).toEqual([]);
  });

  test("a reply is kept for its boot, and only the latest of them", () => {
    const { store } = openTestLedger();
    store.replies.keep("a", "boot", 1, "one");
    store.replies.keep("a", "boot", 1, "another");
    expect(store.replies.find("a", "boot", 1)).toBe("one");
    expect(store.replies.find("a", "other", 1)).toBeNull();
    store.replies.keep("a", "boot", 320, "later");
    expect(store.replies.find("a", "boot", 1)).toBeNull();
    store.replies.dropOtherBoots("a", "other");
    expect(store.replies.find("a", "boot", 320)).toBeNull();
  });
});

test("waits are bounded in all", async () => {
  const waiters = createWaiters();
  const all = Array.from({ length: 500 }, (_, at) => waiters.wait("topic", `file${at}`, 60_000));
  expect(await waiters.wait("topic", "one more", 60_000)).toBe(false);
  waiters.call("topic");
  expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
  expect(waiters.count()).toBe(0);
});

test("a speed is a running mean", () => {
  expect(blend(undefined, 4)).toBe(4);
  expect(blend(4, 8)).toBeGreaterThan(4);
  expect(blend(4, 8)).toBeLessThan(6);
});
