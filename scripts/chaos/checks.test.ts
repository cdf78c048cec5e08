/** The checker finds what is wrong: each row here is a broken promise, and the same without the break is fine. */
import { expect, test } from "vitest";
import { checkOwners } from "./check-books.ts";
import { checkJob, compareLedgers, type JobRow } from "./check-ledger.ts";
import { namedIn } from "./viewer.ts";

type Outcome = JobRow["history"][number]["outcome"];

function attempts(...outcomes: Outcome[]): JobRow["history"] {
  return outcomes.map((outcome, at) => ({ epoch: at + 1, outcome, grantedAt: at }));
}

function job(changes: Partial<JobRow> = {}): JobRow {
  return {
    ...{
      id: "main.1",
      fileId: "f",
      kind: "video",
      state: "done",
      epoch: 1,
      attempts: 1,
      losses: 0,
      faults: 0,
    },
    ...{ error: null, history: attempts("done") },
    ...changes,
  };
}

const FINE: [name: string, job: JobRow][] = [
  ["done at once", job()],
  ["lost, then done", job({ epoch: 2, attempts: 2, losses: 1, history: attempts("lost", "done") })],
  ["given back, then done", job({ epoch: 2, attempts: 1, history: attempts("released", "done") })],
  [
    "buried after five losses",
    job({ state: "dead", attempts: 5, losses: 5, history: attempts("lost", "lost", "lost", "lost", "lost") }),
  ],
];
test.each(FINE)("%s is fine", (_, row) => expect(checkJob(row)).toEqual([]));

const BROKEN: [name: string, job: JobRow][] = [
  ["never ended", job({ state: "leased", history: attempts("open") })],
  [
    "too many attempts",
    job({ attempts: 6, history: attempts("lost", "lost", "lost", "failed", "failed", "done") }),
  ],
  [
    "too many losses",
    job({ attempts: 5, losses: 6, history: attempts("lost", "lost", "lost", "lost", "lost") }),
  ],
  ["a drain that was charged", job({ attempts: 2, epoch: 2, history: attempts("released", "done") })],
  ["done twice", job({ attempts: 2, epoch: 2, history: attempts("done", "done") })],
  [
    "an epoch twice",
    job({ attempts: 2, history: attempts("lost", "done").map((one) => ({ ...one, epoch: 1 })) }),
  ],
];
test.each(BROKEN)("%s is found", (_, row) => expect(checkJob(row)).not.toEqual([]));

test("between two looks no epoch decreases, no job goes, and what is done stays so", () => {
  const before = [job({ epoch: 4 })];
  expect(compareLedgers(before, [job({ epoch: 4 })])).toEqual([]);
  expect(compareLedgers(before, [job({ epoch: 3 })])).toHaveLength(1);
  expect(compareLedgers(before, [])).toHaveLength(1);
  expect(compareLedgers(before, [job({ epoch: 5, state: "leased" })])).toHaveLength(1);
});

test("each segment of each rung has one owner: none and two are found", () => {
  const body = JSON.stringify({ boundaries: [0, 10, 20, 30], rungs: [{ name: "480" }] });
  const plan = { id: "p", fileId: "f", body };
  const row = (...segments: number[]) => ({
    ...{ planId: "p", track: "480", segments: JSON.stringify(segments.map((one) => [one, 0, 1, 0, 1])) },
  });
  expect(checkOwners(plan, [row(0, 1), row(2)])).toEqual([]);
  expect(checkOwners(plan, [row(0, 1)])).toHaveLength(1);
  expect(checkOwners(plan, [row(0, 1), row(1, 2)])).toHaveLength(1);
});

test("everything that a playlist names is looked at: lists, sound, inits, segments", () => {
  const master =
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="p/audio-0/index.m3u8"\n#EXT-X-STREAM-INF:X\np/480/index.m3u8\n';
  expect(namedIn(master, "http://h/f/hls/master.m3u8")).toEqual([
    "http://h/f/hls/p/audio-0/index.m3u8",
    "http://h/f/hls/p/480/index.m3u8",
  ]);
  const list = '#EXT-X-MAP:URI="init-0.mp4"\n#EXTINF:4,\n0.m4s\n#EXTINF:4,\n1.m4s\n';
  expect(namedIn(list, "http://h/a/index.m3u8")).toEqual(
    ["init-0.mp4", "0.m4s", "1.m4s"].map((name) => `http://h/a/${name}`),
  );
});
