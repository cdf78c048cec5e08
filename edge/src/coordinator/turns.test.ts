/** The turns on the real stores: what follows from a job's end, all of it at once. */
import { beforeEach, describe, expect, test } from "vitest";
import { evenFrames, planOf } from "../media/testing/plans.ts";
import type { Job, JobSpec } from "./ledger/ledger-types.ts";
import { commitTurn, type Committed } from "./results/commit-turn.ts";
import { completeJob, failPermanent, grantJob, missObjects } from "./ledger/ledger.ts";
import { grantee, LEASE_MS, NOW, spec } from "./testing/jobs.ts";
import { openTestLedger, stateOf } from "./testing/node-sql.ts";
import { makeResult } from "./testing/results.ts";
import {
  apply,
  cancelTurn,
  enqueueJobs,
  passTime,
  redriveTurn,
  remakeTurn,
  openTurn,
  type Turn,
} from "./turns.ts";

let ledger: ReturnType<typeof openTestLedger>;
let ids = 0;
const FILE = "file000001";
const ERROR = { code: "corrupt", message: "Damaged." } as const;

beforeEach(() => {
  ledger = openTestLedger();
});

function turn(now = NOW): Turn {
  const newId = () => `main.${String((ids += 1)).padStart(6, "0")}`;
  return openTurn({ store: ledger.store, now, random: () => 0.5, newId });
}

function find(id: string | undefined): Job {
  const job = ledger.store.jobs.find(id ?? "");
  if (!job) throw new Error("no such job");
  return job;
}

const lease = (id: string | undefined, now = NOW) =>
  apply(turn(), find(id), grantJob(find(id), grantee(), now));

/** Granted and completed with what an agent would have made of its recipe. */
function complete(id: string | undefined): void {
  lease(id);
  const { recipe } = find(id);
  if (!recipe) throw new Error("no recipe");
  const { uploads, result } = makeResult({ recipe }, 8);
  const objects = uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "" }));
  apply(turn(), find(id), completeJob(find(id), { objects, result }, NOW));
}

/** What the storage would have found. */
function stored(id: string | undefined) {
  const job = find(id);
  return (job.manifest?.objects ?? []).map(({ name, size }) => ({
    ...{ name, size, etag: "e", type: "x/y", key: `${job.prefixes[0]}${name}` },
  }));
}

const commit = (id: string | undefined, plan: Committed["plan"] = null) =>
  commitTurn(turn(), id ?? "", find(id).epoch, { objects: stored(id), plan, head: null });

const other = (changes: Partial<JobSpec>) => spec({ kind: "mp4", ...changes });

describe("parents and children", () => {
  test("a child waits for all its parents, and is ready when the last is done", () => {
    const parents = enqueueJobs(turn(), [spec({ part: "a" }), spec({ part: "b" })]);
    const [child] = enqueueJobs(turn(), [other({ parents })]);
    expect(find(child).state).toBe("blocked");
    complete(parents[0]);
    commit(parents[0]);
    expect(find(child).state).toBe("blocked");
    complete(parents[1]);
    commit(parents[1]);
    expect(find(child).state).toBe("ready");
  });

  test("a dead parent takes all below it along, and its redrive brings them back", () => {
    const [parent] = enqueueJobs(turn(), [spec()]);
    const [child] = enqueueJobs(turn(), [other({ parents: [parent ?? ""] })]);
    const [grandchild] = enqueueJobs(turn(), [other({ part: "below", parents: [child ?? ""] })]);
    lease(parent);
    apply(turn(), find(parent), failPermanent(find(parent), ERROR, NOW));
    for (const id of [child, grandchild]) {
      expect(find(id)).toMatchObject({ state: "cancelled", error: { code: "parent_failed" } });
    }
    expect(ledger.store.outbox.count()).toBe(3);
    const [late] = enqueueJobs(turn(), [other({ part: "late", parents: [parent ?? ""] })]);
    expect(find(late).state).toBe("cancelled");
    expect(redriveTurn(turn(), parent ?? "")).toBe(true);
    expect([find(parent).state, find(child).state]).toEqual(["ready", "blocked"]);
  });

  test("what is joined from pieces is told them anew, once the one that was lost is made again", () => {
    const [parent] = enqueueJobs(turn(), [spec()]);
    const [child] = enqueueJobs(turn(), [other({ parents: [parent ?? ""] })]);
    complete(parent);
    commit(parent);
    expect(find(child).recipe).not.toBeNull();
    lease(child);
    apply(turn(), find(child), failPermanent(find(child), { ...ERROR, code: "source_gone" }, NOW));
    remakeTurn(turn(), FILE, new Set(find(parent).objects.map(({ key }) => key)));
    expect(redriveTurn(turn(), child ?? "")).toBe(true);
    expect(find(child)).toMatchObject({ state: "blocked", recipe: null, inputs: [] });
    complete(parent);
    commit(parent);
    expect(find(child).state).toBe("ready");
  });
});

describe("a commit", () => {
  test("of an earlier epoch comes too late, even while a later one is being verified", () => {
    const [id] = enqueueJobs(turn(), [spec()]);
    complete(id);
    const early = find(id);
    apply(
      turn(),
      early,
      missObjects(early, "missing", NOW, () => 0.5),
    );
    passTime(turn(NOW + 60 * 60_000), 10);
    complete(id);
    expect(find(id)).toMatchObject({ state: "committing", epoch: 2 });
    expect(commitTurn(turn(), id ?? "", early.epoch, { objects: [], plan: null, head: null })).toBeNull();
    expect(find(id).state).toBe("committing");
    expect(commit(id)?.state).toBe("done");
    expect(commit(id)).toBeNull();
  });

  test("tells the catalogue, once, and wakes whoever watches the file", () => {
    const [id] = enqueueJobs(turn(), [spec()]);
    complete(id);
    const one = turn();
    commitTurn(one, id ?? "", 1, { objects: [], plan: null, head: null });
    expect([...one.changed]).toEqual([FILE]);
    expect(ledger.store.outbox.due(NOW, 10).map(({ jobId }) => jobId)).toEqual([id]);
  });

  test("of an inspection plans the film in the same turn; doing it again adds nothing", () => {
    const [id] = enqueueJobs(turn(), [
      spec({ kind: "inspect", recipe: { kind: "inspect", media: "video" } }),
    ]);
    complete(id);
    const plan = planOf(evenFrames(60), { fileId: FILE });
    commit(id, plan);
    const jobs = ledger.store.jobs.ofFile(FILE);
    expect(jobs.filter(({ kind }) => kind === "video").length).toBeGreaterThan(2);
    expect(jobs.find(({ kind }) => kind === "mp4")?.state).toBe("blocked");
    expect(ledger.store.files.planOf(FILE)).toEqual(plan);
    expect(jobs.every(({ inputs, owner }) => owner === "anonymous" && inputs.length <= 1)).toBe(true);
  });

  test("claims each segment for the first rectangle that has it", () => {
    const plan = planOf(evenFrames(12), { fileId: FILE });
    const name = plan.rungs[0]?.name ?? "";
    const rung = plan.rungs[0];
    if (!rung) throw new Error("no rung");
    ledger.store.files.touch(FILE, NOW);
    ledger.store.files.setPlan(FILE, plan);
    const piece = (part: string, segments: [number, number]) => {
      const boundaries = plan.boundaries.slice(segments[0], segments[1] + 1);
      const stretch = { plan: plan.id, timescale: plan.timescale, origin: plan.origin, segments, boundaries };
      const recipe = { kind: "video" as const, ...stretch, ...plan.video, rungs: [rung] };
      return spec({ kind: "video", version: plan.id, planId: plan.id, part, recipe });
    };
    const [large, small] = enqueueJobs(turn(), [piece("large", [0, 3]), piece("small", [1, 2])]);
    complete(small);
    complete(large);
    commit(small);
    commit(large);
    const owners = ledger.store.claims.ofTrack(plan.id, name).map(({ jobId }) => jobId);
    expect(owners).toEqual([large, small, large]);
    expect(ledger.store.claims.find(plan.id, name, 1)?.objectKey).toContain("/small/");
  });
});

describe("a deleted file", () => {
  test("has nothing open, nothing to say and no segments; late words change nothing", () => {
    const [running, waiting] = enqueueJobs(turn(), [spec({ part: "a" }), spec({ part: "b" })]);
    lease(running);
    const deletion = turn();
    cancelTurn(deletion, FILE);
    expect(deletion.taken.map(({ job }) => job.id)).toEqual([running]);
    expect([find(running).state, find(waiting).state]).toEqual(["cancelled", "cancelled"]);
    expect(ledger.store.outbox.count()).toBe(0);
    const before = stateOf(ledger.sql);
    expect(enqueueJobs(turn(), [spec({ part: "c" })])).toEqual([]);
    expect(remakeTurn(turn(), FILE, new Set(["x"]))).toEqual([]);
    expect(passTime(turn(NOW + 2 * LEASE_MS), 10)).toBe(0);
    expect(stateOf(ledger.sql)).toBe(before);
  });
});

test("objects that vanished are made again, their segments free meanwhile", () => {
  const [id] = enqueueJobs(turn(), [spec()]);
  complete(id);
  commit(id);
  const key = find(id).objects[0]?.key ?? "";
  expect(remakeTurn(turn(), FILE, new Set(["another"]))).toEqual([]);
  expect(remakeTurn(turn(), FILE, new Set([key]))).toEqual([id]);
  expect(find(id)).toMatchObject({ state: "ready", epoch: 1, secretHash: null });
  // What is still there stays its own: the catalogue names it.
  expect(find(id).objects.map(({ name }) => name)).toEqual(["preview.webp"]);
});

test("one pass of the alarm looks at no more rows than it is told", () => {
  const specs = Array.from({ length: 30 }, (_, at) => spec({ part: `p${at}` }));
  for (const id of enqueueJobs(turn(), specs)) lease(id);
  expect(passTime(turn(NOW + LEASE_MS), 20)).toBe(20);
  expect(passTime(turn(NOW + LEASE_MS), 20)).toBe(10);
});
