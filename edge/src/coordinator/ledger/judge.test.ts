import { describe, expect, test } from "vitest";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import type { Coverage } from "../store/claim-store.ts";
import { judgeFile } from "./judge.ts";
import type { Job, Made } from "./ledger-types.ts";
import { progressOf } from "../watching/progress.ts";
import { job, NOW } from "../testing/jobs.ts";
import { makeResult, soundInspection } from "../testing/results.ts";

const RUNG = { name: "720", mode: "encode" as const, width: 1_280, height: 720, ceiling: 1_000 };
const plan = planOf(evenFrames(8), { rungs: [RUNG], tracks: [] });
const covered = (frames: number, segments = 2): Coverage[] => [{ track: "720", segments, frames }];
const ERROR = { code: "corrupt", message: "Damaged." } as const;
const made = (...names: string[]): Made[] =>
  names.map((name) => ({ kind: /^\d+$/.test(name) ? "rung" : (name as Made["kind"]), name }));

function inspected(changes: Partial<Job> = {}): Job {
  const { result } = makeResult({ recipe: { kind: "inspect", media: "video" } }, 8);
  return job({
    ...{ id: "main.i", kind: "inspect", state: "done", makes: [] },
    manifest: { objects: [], result },
    ...changes,
  });
}

function pictured(changes: Partial<Job> = {}): Job {
  const { result } = makeResult({ recipe: { kind: "stills" } });
  return job({
    ...{ id: "main.s", kind: "stills", state: "done", makes: made("poster", "thumbnail") },
    manifest: { objects: [], result },
    ...changes,
  });
}

function rectangle(rungs: Record<string, number>, changes: Partial<Job> = {}): Job {
  const reports = Object.entries(rungs).map(([name, frames]) => ({
    ...{ name, frames, object: "o", codecs: "c", timescale: 1, segments: [] },
    init: [0, 1] as [number, number],
  }));
  return job({
    ...{ id: `main.${Object.keys(rungs).join()}`, kind: "video", state: "done" },
    makes: made(...Object.keys(rungs)),
    manifest: { objects: [], result: { kind: "video", rungs: reports, encoder: "libx264" } },
    ...changes,
  });
}

describe("a file", () => {
  test("is not judged while a job that it needs is open; what is made beside it or afterwards is not asked", () => {
    expect(judgeFile([], plan, [])).toBeNull();
    const open = rectangle({ "720": 200 }, { state: "retry_wait" });
    expect(judgeFile([inspected(), open], plan, [])).toBeNull();
    const beside = [
      job({ kind: "storyboard", state: "ready" }),
      job({ kind: "mp4", part: "embed", state: "dead" }),
    ];
    const extra = rectangle({ "720": 0 }, { part: "wait.720.0-1", state: "leased" });
    const all = [inspected(), rectangle({ "720": 200 }), extra, ...beside];
    expect(judgeFile(all, plan, covered(200))?.status).toBe("ready");
  });

  test("is ready when everything is made, with every frame, whoever made it", () => {
    const lost = rectangle({ "720": 0 }, { state: "dead", error: ERROR });
    for (const some of [[rectangle({ "720": 150 }), rectangle({ "720": 50 })], [lost]]) {
      const judged = judgeFile([inspected(), ...some], plan, covered(200));
      expect(judged).toEqual({ status: "ready", reason: null, failed: [] });
    }
  });

  test("is partial where frames fall short", () => {
    const judged = judgeFile([inspected(), rectangle({ "720": 150 })], plan, covered(150));
    expect(judged).toMatchObject({ status: "partial", failed: [{ name: "720" }] });
    expect(judged?.reason).toContain("150 of 200 frames");
  });

  test("is partial with the reason of what died, and failed where nothing could be made", () => {
    const dead = rectangle({ "720": 0 }, { state: "dead", error: ERROR });
    const half = { status: "partial", reason: "Damaged." };
    expect(judgeFile([inspected(), pictured(), dead], plan, [])).toMatchObject(half);
    const lost = inspected({ state: "dead", error: ERROR, manifest: null });
    expect(judgeFile([lost], null, [])).toMatchObject({ status: "failed", reason: "Damaged." });
    const sound = job({ kind: "inspect", makes: [], state: "dead", error: ERROR });
    expect(judgeFile([sound], null, [])).toMatchObject({ status: "failed", reason: "Damaged." });
    const index = job({ kind: "index", makes: [], state: "dead", error: ERROR });
    expect(judgeFile([inspected(), pictured(), index], null, [])).toMatchObject(half);
  });

  test("of sound alone has no stills to miss; a film without a poster is partial", () => {
    const { result } = soundInspection("aac");
    const sound = inspected({ manifest: { objects: [], result } });
    const none = pictured({ manifest: { objects: [], result: { kind: "stills", pictures: null } } });
    expect(judgeFile([sound, none], null, [])?.status).toBe("ready");
    const blind = pictured({ state: "dead", error: ERROR, manifest: null });
    const film = [inspected(), blind, rectangle({ "720": 200 })];
    expect(judgeFile(film, plan, covered(200))).toMatchObject({
      ...{ status: "partial", failed: [{ kind: "poster" }, { kind: "thumbnail" }] },
    });
    expect(judgeFile([inspected()], null, [])?.reason).toContain("no frame");
  });
});

describe("progress", () => {
  const able = () => true;
  const look = (jobs: Job[], claimed: number[] = [], can = able) =>
    progressOf(jobs, plan, claimed, can, 7, NOW + 10_000);

  test("counts by work, not by jobs, and says who is at it", () => {
    const half = rectangle(
      { "720": 0 },
      { state: "leased", cost: 90, fraction: 0.5, agentId: "a", startedAt: NOW },
    );
    const progress = look([inspected({ cost: 10, fraction: 1 }), half], [0]);
    expect(progress).toMatchObject({
      fraction: 0.55,
      agents: 1,
      waiting: null,
      version: 7,
      ranges: [[0, 4]],
    });
    expect(progress.making).toEqual([{ kind: "rung", name: "720", fraction: 0.5 }]);
    expect(progress.etaSeconds).toBe(10);
  });

  test("a rung that is added later takes as long as it takes: what was made long ago is not counted", () => {
    const old = rectangle({ "480": 100 }, { startedAt: NOW - 86_400_000, cost: 50, fraction: 1 });
    const added = rectangle(
      { "720": 0 },
      { state: "leased", cost: 50, fraction: 0.5, agentId: "a", startedAt: NOW },
    );
    expect(look([inspected({ startedAt: NOW - 86_400_000 }), old, added]).etaSeconds).toBe(10);
  });

  test("joins neighbouring segments, and knows nothing of gaps", () => {
    const long = planOf(evenFrames(40));
    const ranges = progressOf([inspected()], long, [0, 1, 5, 4, 4, 9], able, 1, NOW).ranges;
    expect(ranges).toEqual([
      [0, 8],
      [16, 24],
      [36, 40],
    ]);
  });

  test("an inspection alone is not half of a film", () => {
    expect(look([inspected({ state: "leased", fraction: 0.9 })]).fraction).toBeLessThan(0.06);
  });

  test("says when nobody could do what is next", () => {
    const ready = rectangle({ "720": 0 }, { state: "ready" });
    expect(look([inspected(), ready], [], () => false).waiting).toBe("no_agent");
    expect(look([inspected(), ready]).waiting).toBeNull();
  });
});
