/**
 * The guards that races hang on, each as the few words that take it out of the code and the promise that is broken
 * then. A row whose words are not found in the code any more is a failure: the table is to be kept in step.
 */
export interface Guard {
  name: string;
  file: string;
  find: string;
  replace: string;
  /** Numbers of the promises of which one is broken without it. */
  breaks: readonly string[];
  /** Instead of seeds: the tests that notice it. */
  test?: string;
}

const COORDINATOR = "edge/src/coordinator";

export const GUARDS: readonly Guard[] = [
  {
    name: "the epoch of a lease is checked",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: "return same && job.agentId === claim.agentId && job.epoch === claim.epoch;",
    replace: "return same && job.agentId === claim.agentId;",
    breaks: ["I3", "I4", "I8"],
  },
  {
    name: "the secret of a lease is checked",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: "return same && job.agentId === claim.agentId && job.epoch === claim.epoch;",
    replace:
      "return (same || claim.hash.length > 0) && job.agentId === claim.agentId && job.epoch === claim.epoch;",
    breaks: ["I3"],
  },
  {
    name: "the holder of a lease is checked",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: "return same && job.agentId === claim.agentId && job.epoch === claim.epoch;",
    replace: "return same && job.epoch === claim.epoch;",
    breaks: ["I3"],
  },
  {
    name: "state is looked at again after the storage was waited for",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: '  if (job.state !== "committing") return null;\n  const ended = endAttempt(job, "done"',
    replace: '  const ended = endAttempt(job, "done"',
    breaks: ["I2", "I3", "I6", "I9"],
  },
  {
    name: "the epoch is looked at again after the storage was waited for",
    file: `${COORDINATOR}/results/commit-turn.ts`,
    find: "if (!job || job.epoch !== epoch) return null;",
    replace: "if (!job) return null;",
    breaks: [],
    // Only an operator who cancels and redrives in the midst of it brings it about.
    test: "edge/src/coordinator/turns.test.ts",
  },
  {
    name: "the alarm is set again after it rang",
    file: `${COORDINATOR}/pool.ts`,
    find: "  if (times.length === 0) return;",
    replace: "  if (times.length >= 0) return;",
    breaks: ["I5"],
  },
  {
    name: "losses are counted",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: "losses: job.losses + 1",
    replace: "losses: job.losses",
    breaks: ["I7", "I5", "I11"],
  },
  {
    name: "attempts are counted",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: "attempts: job.attempts + 1",
    replace: "attempts: job.attempts",
    breaks: ["I7", "I5", "I11"],
  },
  {
    name: "what is young is not collected",
    file: `${COORDINATOR}/sweeps/sweep-objects.ts`,
    find: "const GRACE_MS = DAY + SIGNED_LIFETIME_MS;",
    replace: "const GRACE_MS = 0 * (DAY + SIGNED_LIFETIME_MS);",
    breaks: ["I6", "I2", "I9"],
  },
  {
    name: "leases are renewed while an agent drains",
    file: "transcoder-agent/src/runner.ts",
    find: "live: () => this.#live(),",
    replace: "live: () => (this.#stopping ? [] : this.#live()),",
    breaks: ["I11"],
  },
  {
    name: "a release is not charged",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: "attempts: job.attempts - 1",
    replace: "attempts: job.attempts",
    breaks: ["I11"],
  },
  {
    name: "a rectangle is written once in the catalogue",
    file: "edge/src/catalog/rectangles.ts",
    find: "on conflict do nothing",
    replace: "",
    breaks: ["I5", "I2"],
  },
  {
    name: "the bytes of a rectangle are counted once",
    file: "edge/src/catalog/rectangles.ts",
    find: " and not exists (select 1 from ${rectangles} where ${same})",
    replace: "",
    breaks: ["I10"],
  },
  {
    name: "a segment belongs to whoever committed it first",
    file: `${COORDINATOR}/store/claim-store.ts`,
    find: "on conflict do nothing",
    replace: "on conflict do update set jobId = excluded.jobId, objectKey = excluded.objectKey",
    breaks: ["I2", "I9"],
  },
  {
    name: "a frame that comes again gets the answer it had",
    file: `${COORDINATOR}/frames/frames.ts`,
    find: "if (before !== null) return",
    replace: "if (before !== null && Number.isNaN(now)) return",
    breaks: ["I8"],
  },
  {
    name: "late words of a deleted file bring nothing back",
    file: `${COORDINATOR}/turns.ts`,
    find: "    if (store.files.isCancelled(spec.fileId)) continue;\n",
    replace: "",
    breaks: [],
    // Between two words of the catalogue, a few milliseconds apart.
    test: "edge/src/coordinator/turns.test.ts",
  },
  {
    name: "a lease counts from its grant, not from when its call began",
    file: `${COORDINATOR}/pool.ts`,
    find: "return Math.max(now, Date.now());",
    replace: "return now;",
    breaks: [],
    test: "edge/src/coordinator/pool.test.ts",
  },
  {
    name: "the alarm waits for what is being worked at",
    file: `${COORDINATOR}/pool.ts`,
    find: "publishing || verifying.size > 0 ? nowAfter(now) + BUSY_MS : 0",
    replace: "publishing && verifying.size < 0 ? nowAfter(now) + BUSY_MS : 0",
    breaks: ["no busy waiting"],
  },
  {
    name: "what is still there of a job made again stays its own",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: "job.objects.some((kept) => kept.name === name)",
    replace: "job.objects.some((kept) => kept.key === name)",
    breaks: ["I2", "I6", "I9"],
  },
  {
    name: "what failed before the catalogue expected it is told again",
    file: `${COORDINATOR}/plans/enqueue.ts`,
    find: "if (over.length === 0) return;",
    replace: "if (over.length >= 0) return;",
    breaks: ["I2"],
  },
  {
    name: "an alarm waits neither for the storage nor for the catalogue",
    file: `${COORDINATOR}/passing.ts`,
    find: '  armNext(pool, now);\n  await guarded(pool, "dispatch"',
    replace: '  await guarded(pool, "dispatch"',
    breaks: ["I5"],
  },
];
