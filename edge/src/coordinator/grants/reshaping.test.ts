/** What becomes of a rectangle at its grant, on the real stores. */
import { beforeEach, expect, test } from "vitest";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import type { Job } from "../ledger/ledger-types.ts";
import { planMp4, planPieces } from "../plans/pieces.ts";
import { reshape } from "./reshaping.ts";
import { pieceOf } from "../plans/superseding.ts";
import { NOW, spec } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { enqueueJobs, openTurn, type Turn } from "../turns.ts";

const FILE = "file000001";
const RUNG = { mode: "encode" as const, width: 854, height: 480, ceiling: 1_000_000 };
const rungs = [
  { ...RUNG, name: "480" },
  { ...RUNG, name: "720" },
];
const plan = planOf(evenFrames(240), { fileId: FILE, rungs });
let ids = 0;
let turn: Turn;

beforeEach(() => {
  const { store } = openTestLedger();
  const newId = () => `main.${String((ids += 1)).padStart(6, "0")}`;
  turn = openTurn({ store, now: NOW, random: () => 0.5, newId });
  store.files.touch(FILE, NOW);
  store.files.setPlan(FILE, plan);
  const pieces = enqueueJobs(turn, planPieces(spec(), plan));
  enqueueJobs(turn, [planMp4(spec(), plan, pieces)]);
});

function find(part: string): Job {
  const job = turn.store.jobs.ofFile(FILE).find((one) => one.part === part);
  if (!job) throw new Error(`no job ${part}`);
  return job;
}

function claim(track: string, ...segments: number[]): void {
  const place = { objectKey: "k", size: 9, etag: "e", offset: 0, length: 1, initOffset: 0, initLength: 1 };
  const rest = { planId: plan.id, jobId: "other", codecs: "c", start: 0, duration: 1, frames: 1 };
  turn.store.claims.claim(segments.map((segment): SegmentClaim => ({ ...place, ...rest, track, segment })));
}

test("what others own at its ends, and rungs that they own, are left out; the rest of the row follows", () => {
  claim("480", 7, 8, 9, 10, 11, 12, 13, 14);
  claim("720", 7, 8, 14);
  const job = find("480_720.7-15");
  const left = reshape(turn, job, 1);
  expect(pieceOf(left?.recipe ?? null)).toEqual({ tracks: ["720"], segments: [9, 14] });
  expect(left).toMatchObject({ id: job.id, makes: [{ kind: "rung", name: "720" }], startMs: 36_000 });
  expect(left?.cost).toBe(20);
  claim("720", 9, 10, 11, 12, 13);
  expect(reshape(turn, job, 1)).toBeNull();
});

test("with many slots free it is cut, and whatever waited for it waits for both parts", () => {
  const job = find("480_720.15-30");
  expect(reshape(turn, job, 1)).toEqual(job);
  const mp4 = find("all");
  const parents = () => turn.store.jobs.childrenOf(job.id).map(({ id }) => id);
  const first = reshape(turn, job, 8);
  const [from, until] = pieceOf(first?.recipe ?? null)?.segments ?? [0, 0];
  expect(from).toBe(15);
  expect(until).toBeLessThan(30);
  const rest = find(`480_720.${until}-30`);
  expect(rest).toMatchObject({ state: "ready", rank: job.rank, startMs: until * 4_000 });
  expect(parents()).toContain(mp4.id);
  expect(turn.store.jobs.childrenOf(rest.id).map(({ id }) => id)).toContain(mp4.id);
});
