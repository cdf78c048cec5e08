import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../config.ts";
import { dueOf } from "./due.ts";
import { shortenLease } from "./lease.ts";
import { JOB_STATES, type Job } from "./ledger-types.ts";
import { grantJob } from "./ledger.ts";
import { grantee, job, NOW, spec } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { apply, enqueueJobs, openTurn } from "../turns.ts";

const TIMES: Partial<Job> = { leaseEnd: NOW + 7, notBefore: NOW + 11, ageAt: NOW + MINUTE };
const WAITS: Partial<Job>[] = [{}, { turn: 0 }, { askedAt: NOW }, { losses: 2 }, { turn: 0, losses: 2 }];

test("a turn and the alarm agree on when a job is looked at, in every state", () => {
  for (const state of JOB_STATES) {
    for (const waits of WAITS) {
      const { store } = openTestLedger();
      const one = job({ ...TIMES, ...waits, state });
      store.jobs.insert(one, []);
      const due = dueOf(one);
      expect(store.queue.nextStep(NOW), JSON.stringify({ state, waits })).toBe(due === Infinity ? null : due);
    }
  }
});

test("a turn knows the earliest time of all that it wrote: a killed agent's leases, and the catalogue's word", () => {
  const { store } = openTestLedger();
  const turn = (now: number) =>
    openTurn({ store, now, random: () => 0.5, newId: () => `main.${crypto.randomUUID()}` });
  const [id = ""] = enqueueJobs(turn(NOW), [spec()]);
  const find = (): Job => store.jobs.find(id) ?? job();
  const granting = turn(NOW);
  apply(granting, find(), grantJob(find(), grantee(), NOW));
  expect(granting.due).toBe(NOW + 90 * SECOND);
  const closing = turn(NOW + SECOND);
  apply(closing, find(), shortenLease(find(), NOW + SECOND));
  expect(closing.due).toBe(NOW + 11 * SECOND);
  const ending = turn(NOW + SECOND);
  apply(ending, find(), { ...find(), state: "dead" });
  expect(ending.due).toBe(store.outbox.nextStep());
});
