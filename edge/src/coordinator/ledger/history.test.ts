import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../config.ts";
import { adoptJob } from "./lease.ts";
import type { AttemptOutcome, Job } from "./ledger-types.ts";
import {
  commitJob,
  completeJob,
  expireJob,
  failByAgent,
  failPermanent,
  failTransient,
  grantJob,
  loseJob,
  missObjects,
  releaseJob,
} from "./ledger.ts";
import { redriveJob } from "./revival.ts";
import { grantee, job, NOW } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { cancelJob, supersedeJob } from "./withdrawal.ts";

const ERROR = { code: "network", message: "It broke." } as const;
const MANIFEST = {
  objects: [],
  result: { kind: "mp4" as const, object: "a.mp4", width: 2, height: 2, frames: 1, duration: 1 },
};
const half = () => 0.5;
const LATER = NOW + 7 * SECOND;

function must(step: Job | null): Job {
  if (step === null) throw new Error("the event did not apply");
  return step;
}
const leased = (changes: Partial<Job> = {}) => must(grantJob(job(changes), grantee(), NOW));
const committing = () => must(completeJob(leased(), MANIFEST, NOW + SECOND));

const ENDS: [outcome: AttemptOutcome, event: string, code: string | null, step: () => Job | null][] = [
  ["lost", "the holder vanished", "lost", () => loseJob(leased(), LATER)],
  ["lost", "and the fifth loss buries it", "lost", () => loseJob(leased({ losses: 4 }), LATER)],
  ["failed", "it broke", "network", () => failTransient(leased(), ERROR, LATER, half)],
  ["failed", "it cannot be done", "network", () => failPermanent(leased(), ERROR, LATER)],
  ["failed", "the attempt took too long", "timeout", () => expireJob(leased(), NOW + 11 * MINUTE, half)],
  ["failed", "an object is missing", "incomplete", () => missObjects(committing(), "gone", LATER, half)],
  ["fault", "the machine's own trouble", "network", () => failByAgent(leased(), ERROR, LATER)],
  ["released", "given back", null, () => releaseJob(leased(), LATER)],
  ["done", "verified", null, () => commitJob(committing(), [], LATER)],
  ["cancelled", "the file was deleted", null, () => cancelJob(leased(), LATER)],
  ["superseded", "others made it", "superseded", () => supersedeJob(leased(), LATER)],
];

test.each(ENDS)("an attempt ends as %s: %s", (outcome, _event, code, step) => {
  const { history } = must(step());
  expect(history).toHaveLength(1);
  expect(history[0]).toMatchObject({ epoch: 1, agentId: "agent-a", slot: "io", grantedAt: NOW, outcome });
  expect(history[0]?.endedAt).toBeGreaterThanOrEqual(LATER);
  expect(history[0]?.error?.code ?? null).toBe(code);
});

test("an attempt is open while it is worked on and verified", () => {
  for (const { history } of [leased(), committing()]) {
    expect(history).toMatchObject([{ outcome: "open", endedAt: null, error: null }]);
  }
});

test("the old holder's return undoes the loss and goes on with the same attempt", () => {
  const lost = must(loseJob(leased(), LATER));
  const claim = { agentId: "agent-a", epoch: 1, hash: "hash-1" };
  const to = { bootId: "boot-a", secretHash: "hash-2", nonce: "nonce2", leaseMs: 90_000 };
  const adopted = must(adoptJob(lost, claim, to, LATER + SECOND));
  expect(adopted.history).toMatchObject([{ epoch: 2, grantedAt: NOW, outcome: "open", endedAt: null }]);
});

test("what was cancelled between two attempts leaves the last one's end as it was", () => {
  const lost = must(loseJob(leased(), LATER));
  expect(must(cancelJob(lost, LATER + SECOND)).history).toEqual(lost.history);
});

test("a redriven job keeps its past, and the latest twenty attempts of a long one", () => {
  let now = NOW;
  let current = job();
  for (let round = 0; round < 25; round++) {
    current = must(failPermanent(must(grantJob(current, grantee(), now)), ERROR, now + SECOND));
    current = must(redriveJob(current, now + 2 * SECOND));
    now += MINUTE;
  }
  expect(current.history).toHaveLength(20);
  expect(current.history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, at) => at + 6));
});

test("the table keeps it", () => {
  const { store } = openTestLedger();
  const lost = must(loseJob(leased(), LATER));
  store.jobs.insert(job(), []);
  store.jobs.save(lost);
  expect(store.jobs.find(lost.id)?.history).toEqual(lost.history);
});
