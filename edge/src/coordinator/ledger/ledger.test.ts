import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../config.ts";
import { adoptJob, holds, renewJob, shortenLease, wasCompleted } from "./lease.ts";
import { RANK, type Job } from "./ledger-types.ts";
import {
  ageJob,
  AGEING_MS,
  commitJob,
  completeJob,
  expireJob,
  failByAgent,
  failPermanent,
  failTransient,
  grantJob,
  loseJob,
  missObjects,
  postponeCommit,
  raiseJob,
  releaseJob,
  unblockJob,
  wakeJob,
} from "./ledger.ts";
import { redriveJob, remakeJob, reviveJob } from "./revival.ts";
import { lapseJob, supersedeJob } from "./withdrawal.ts";
import { grantee, job, LEASE_MS, NOW } from "../testing/jobs.ts";
import { cancelJob, orphanJob } from "./withdrawal.ts";

const half = () => 0.5;
const ERROR = { code: "network", message: "It broke." } as const;
const MANIFEST = {
  objects: [],
  result: { kind: "mp4", object: "a.mp4", width: 2, height: 2, frames: 1, duration: 1 },
} as const;

function must(step: Job | null): Job {
  if (step === null) throw new Error("the event did not apply");
  return step;
}
const leased = (changes: Partial<Job> = {}) => must(grantJob(job(changes), grantee(), NOW));
const committing = () =>
  must(completeJob(leased(), { objects: [], result: { ...MANIFEST.result } }, NOW + SECOND));

describe("a grant", () => {
  test("counts the attempt, raises the epoch and fences with a secret and a prefix of its own", () => {
    const granted = leased({ epoch: 6 });
    expect(granted).toMatchObject({ state: "leased", epoch: 7, attempts: 1, secretHash: "hash-1" });
    expect(granted.prefixes).toEqual(["r/file000001/image-v1/all/7-nonce1/"]);
    expect(granted.leaseEnd).toBe(NOW + LEASE_MS);
  });

  test("gives an attempt ten minutes, or four times what it plays for each rung", () => {
    expect(leased().deadline).toBe(NOW + 10 * MINUTE);
    const rung = { name: "480", mode: "encode", width: 854, height: 480, ceiling: 1 } as const;
    const recipe = { kind: "video", rungs: [rung, rung, rung] } as unknown as Job["recipe"];
    expect(leased({ workMs: 5 * MINUTE, recipe }).deadline).toBe(NOW + 60 * MINUTE);
  });

  test.each(["blocked", "leased", "committing", "retry_wait", "done", "dead", "cancelled"] as const)(
    "does not happen in %s",
    (state) => expect(grantJob(job({ state }), grantee(), NOW)).toBeNull(),
  );
});

describe("a lease", () => {
  const claim = { agentId: "agent-a", epoch: 1, hash: "hash-1" };

  test("is its holder's alone: agent, epoch and secret must all be right", () => {
    expect(holds(leased(), claim)).toBe(true);
    expect(holds(leased(), { ...claim, agentId: "agent-b" })).toBe(false);
    expect(holds(leased(), { ...claim, epoch: 0 })).toBe(false);
    expect(holds(leased(), { ...claim, hash: "hash-2" })).toBe(false);
  });

  test("is renewed, but never past the attempt's deadline", () => {
    expect(renewJob(leased(), 0.2, LEASE_MS, NOW + 30_000)?.leaseEnd).toBe(NOW + 30_000 + LEASE_MS);
    expect(renewJob(leased(), 0.2, LEASE_MS, NOW + 9.9 * MINUTE)?.leaseEnd).toBe(NOW + 10 * MINUTE);
  });

  test("is shortened to ten seconds when the socket closes, and never lengthened", () => {
    expect(shortenLease(leased(), NOW)?.leaseEnd).toBe(NOW + 10 * SECOND);
    const ending = { ...leased(), leaseEnd: NOW + 3 * SECOND };
    expect(shortenLease(ending, NOW)?.leaseEnd).toBe(NOW + 3 * SECOND);
  });

  test("that ran out is a loss, ready at once for somebody else", () => {
    expect(expireJob(leased(), NOW + LEASE_MS - 1, half)).toBeNull();
    expect(expireJob(leased(), NOW + LEASE_MS, half)).toMatchObject({
      ...{ state: "ready", losses: 1, attempts: 1, epoch: 1, avoid: "agent-a" },
    });
  });

  test("is over when the attempt has taken too long, however lively the agent", () => {
    const lively = must(renewJob(leased(), 0.9, LEASE_MS, NOW + 9.5 * MINUTE));
    expect(expireJob(lively, NOW + 10 * MINUTE, half)).toMatchObject({
      ...{ state: "retry_wait", losses: 0, secretHash: null, error: { code: "timeout" } },
    });
  });
});

describe("adoption", () => {
  const claim = { agentId: "agent-a", epoch: 1, hash: "hash-1" };
  const back = { bootId: "boot-a", secretHash: "hash-2", nonce: "nonce2", leaseMs: LEASE_MS };
  const lost = () => must(loseJob(leased(), NOW + LEASE_MS));

  test("gives the old holder the job back: new epoch, secret and prefix, the loss undone", () => {
    const adopted = must(adoptJob(lost(), claim, back, NOW + LEASE_MS + 1));
    expect(adopted).toMatchObject({
      state: "leased",
      epoch: 2,
      losses: 0,
      attempts: 1,
      secretHash: "hash-2",
    });
    expect(adopted.prefixes).toEqual([
      "r/file000001/image-v1/all/2-nonce2/",
      "r/file000001/image-v1/all/1-nonce1/",
    ]);
    expect(holds(adopted, claim)).toBe(false);
  });

  test("works again for the same hello, whose answer may be lost", () => {
    const adopted = must(adoptJob(lost(), claim, back, NOW + LEASE_MS + 1));
    const again = adoptJob(adopted, claim, { ...back, secretHash: "hash-3" }, NOW + LEASE_MS + 2);
    expect(again).toMatchObject({ state: "leased", epoch: 3, secretHash: "hash-3", losses: 0 });
    const lostAgain = must(loseJob(adopted, NOW + 2 * LEASE_MS));
    expect(adoptJob(lostAgain, claim, back, NOW + 2 * LEASE_MS)).toMatchObject({ epoch: 3, losses: 0 });
  });

  test.each([
    ["another agent", { ...claim, agentId: "agent-b" }],
    ["another epoch", { ...claim, epoch: 0 }],
    ["another secret", { ...claim, hash: "hash-9" }],
  ])("is refused to %s, the first time and once more", (_, other) => {
    expect(adoptJob(lost(), other, back, NOW + LEASE_MS + 1)).toBeNull();
    const adopted = must(adoptJob(lost(), claim, back, NOW + LEASE_MS + 1));
    expect(adoptJob(adopted, other, { ...back, secretHash: "hash-3" }, NOW + LEASE_MS + 2)).toBeNull();
  });

  test("is refused once somebody else had the job, once it failed, and past the deadline", () => {
    const others = must(grantJob(lost(), grantee({ agentId: "agent-b", secretHash: "hash-b" }), NOW));
    expect(adoptJob(others, claim, back, NOW)).toBeNull();
    const othersLost = must(loseJob(others, NOW));
    expect(adoptJob(othersLost, claim, back, NOW)).toBeNull();
    expect(adoptJob(must(releaseJob(leased(), NOW)), claim, back, NOW)).toBeNull();
    expect(adoptJob(lost(), claim, back, NOW + 10 * MINUTE)).toBeNull();
  });
});

describe("a failure", () => {
  test("that may pass is tried again later each time, with jitter, at most 30 minutes", () => {
    const delay = (attempts: number, random: number) => {
      const failed = must(failTransient(leased({ attempts }), ERROR, NOW, () => random));
      return (failed.notBefore ?? 0) - NOW;
    };
    expect(delay(0, 1)).toBe(10 * SECOND);
    expect(delay(0, 0)).toBe(5 * SECOND);
    expect(delay(1, 1)).toBe(20 * SECOND);
    expect(delay(3, 1)).toBe(80 * SECOND);
    expect(wakeJob(must(failTransient(leased(), ERROR, NOW, half)), NOW)).toBeNull();
    expect(wakeJob(must(failTransient(leased(), ERROR, NOW, half)), NOW + MINUTE)?.state).toBe("ready");
  });

  test("for good buries the job", () => {
    expect(failPermanent(leased(), ERROR, NOW)).toMatchObject({ state: "dead", error: ERROR });
  });

  test("of the machine costs no attempt the first two times", () => {
    let current = job();
    const attempts = [1, 2, 3].map(() => {
      current = must(failByAgent(must(grantJob(current, grantee(), NOW)), ERROR, NOW));
      return current.attempts;
    });
    expect(attempts).toEqual([0, 0, 1]);
    expect(current).toMatchObject({ state: "ready", avoid: "agent-a" });
  });

  test("of many machines is the job's own in the end", () => {
    expect(failByAgent(leased({ faults: 2, attempts: 4 }), ERROR, NOW)?.state).toBe("dead");
    expect(failByAgent(leased({ faults: 1, attempts: 4 }), ERROR, NOW)?.state).toBe("ready");
  });

  test("the fifth attempt or the fifth loss is the last", () => {
    expect(failTransient(leased({ attempts: 3 }), ERROR, NOW, half)?.state).toBe("retry_wait");
    expect(failTransient(leased({ attempts: 4 }), ERROR, NOW, half)?.state).toBe("dead");
    expect(loseJob(leased({ losses: 3 }), NOW)?.state).toBe("ready");
    expect(loseJob(leased({ losses: 4 }), NOW)).toMatchObject({ state: "dead", secretHash: null });
  });
});

test("a release charges no attempt (I11)", () => {
  expect(releaseJob(leased({ attempts: 2 }), NOW)).toMatchObject({ state: "ready", attempts: 2, losses: 0 });
});

describe("a completion", () => {
  test("is kept until its objects are verified, and is known again when it is repeated", () => {
    expect(committing()).toMatchObject({ state: "committing", leaseEnd: null });
    expect(wasCompleted(committing(), { agentId: "agent-a", epoch: 1, hash: "hash-1" })).toBe(true);
    expect(wasCompleted(committing(), { agentId: "agent-b", epoch: 1, hash: "hash-1" })).toBe(false);
    expect(expireJob(committing(), NOW + 60 * MINUTE, half)).toBeNull();
  });

  test("stays in committing while the storage does not answer, and is tried again when objects are missing", () => {
    const later = must(postponeCommit(committing(), NOW, half));
    expect(later).toMatchObject({ state: "committing", tries: 1 });
    expect(missObjects(later, "a.mp4 is missing", NOW, half)).toMatchObject({
      ...{ state: "retry_wait", manifest: null, error: { code: "incomplete" } },
    });
    expect(commitJob(later, [], NOW)).toMatchObject({ state: "done", fraction: 1 });
    for (const state of ["cancelled", "done", "leased", "retry_wait"] as const) {
      expect(commitJob(job({ state }), [], NOW)).toBeNull();
    }
  });
});

describe("the end and after", () => {
  test("a deleted file cancels whatever is open, and nothing that is over", () => {
    for (const open of [job(), leased(), committing(), job({ state: "blocked" })]) {
      expect(cancelJob(open, NOW)).toMatchObject({ state: "cancelled", secretHash: open.secretHash && null });
    }
    for (const state of ["done", "dead", "cancelled"] as const)
      expect(cancelJob(job({ state }), NOW)).toBeNull();
  });

  test("a dead parent takes its children along, and brings them back when it is redriven", () => {
    const child = must(orphanJob(job({ state: "blocked" }), ERROR, NOW));
    expect(child).toMatchObject({ state: "cancelled", error: { code: "parent_failed" } });
    expect(reviveJob(child)?.state).toBe("blocked");
    expect(reviveJob(must(cancelJob(job(), NOW)))).toBeNull();
  });

  test("redrive and remake reset the counters, never the epoch", () => {
    const dead = job({ state: "dead", epoch: 5, attempts: 5, losses: 2, faults: 3 });
    expect(redriveJob(dead, NOW)).toMatchObject({
      state: "ready",
      epoch: 5,
      attempts: 0,
      losses: 0,
      faults: 0,
    });
    const object = { name: "a", key: "r/a", size: 1, etag: "e", type: "image/webp" };
    const done = job({ state: "done", epoch: 2, objects: [object] });
    expect(remakeJob(done, new Set(["r/a"]), NOW)).toMatchObject({ state: "ready", epoch: 2, objects: [] });
    expect(remakeJob(done, new Set(["r/b"]), NOW)).toBeNull();
    expect(remakeJob(dead, new Set(["r/a"]), NOW)).toBeNull();
    // Others had made the rest when it was made again before, and what it kept is gone now too.
    const superseded = must(supersedeJob(job({ objects: [object] }), NOW));
    expect(remakeJob(superseded, new Set(["r/a"]), NOW)?.state).toBe("ready");
  });

  test("what somebody had waited for, and is made again, does not lapse: the film needs it", () => {
    const object = { name: "a", key: "r/a", size: 1, etag: "e", type: "image/webp" };
    const done = job({ state: "done", askedAt: NOW - 60 * MINUTE, objects: [object] });
    const again = must(remakeJob(done, new Set(["r/a"]), NOW));
    expect(again.state).toBe("ready");
    expect(lapseJob(again, NOW)).toBeNull();
  });

  test("what is left of a job that is made again stays what it was", () => {
    const made = (name: string, key: string) => ({ name, key, size: 1, etag: "e", type: "image/webp" });
    const done = job({ state: "done", objects: [made("a", "r/1/a"), made("b", "r/1/b")] });
    const again = must(remakeJob(done, new Set(["r/1/a"]), NOW));
    const committed = commitJob(
      { ...again, state: "committing" },
      [made("a", "r/2/a"), made("b", "r/2/b")],
      NOW,
    );
    expect(committed?.objects.map(({ key }) => key)).toEqual(["r/1/b", "r/2/a"]);
  });

  test("waiting lifts a job one rank per ten minutes, up to the highest", () => {
    expect(unblockJob(job({ state: "blocked", rank: 4 }), NOW)).toMatchObject({ state: "ready", turn: 4 });
    const waiting = job({ rank: 4, turn: 4 });
    expect(ageJob(waiting, NOW + AGEING_MS - 1)).toBeNull();
    expect(ageJob(waiting, NOW + AGEING_MS)?.turn).toBe(3);
    expect(ageJob(waiting, NOW + 2.5 * AGEING_MS)).toMatchObject({ turn: 2, ageAt: NOW + 3 * AGEING_MS });
    expect(ageJob(waiting, NOW + 90 * AGEING_MS)?.turn).toBe(0);
  });

  test("somebody who waits for what has risen by itself makes it awaited for good, and it sinks no lower", () => {
    const risen = job({ state: "ready", rank: RANK.rest, turn: 0 });
    expect(raiseJob(risen, RANK.awaited)).toMatchObject({ rank: RANK.awaited, turn: 0 });
    expect(raiseJob(job({ state: "ready", rank: RANK.rest, turn: RANK.rest }), RANK.awaited)).toMatchObject({
      ...{ rank: RANK.awaited, turn: RANK.awaited },
    });
    expect(raiseJob(job({ state: "ready", rank: RANK.awaited, turn: 0 }), RANK.awaited)).toBeNull();
  });
});
