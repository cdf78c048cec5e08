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
    // Only an operator who cancels and redrives in the midst of it brings it about.
    breaks: ["I2", "I3"],
  },
  {
    name: "who comes back for a former lease knows its secret",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: 'job.formerEpoch === claim.epoch && equalHashes(job.formerHash ?? "", claim.hash);',
    replace: "job.formerEpoch === claim.epoch;",
    breaks: [],
    // No honest agent has an epoch without its secret, and a forged hello would end leases that are well.
    test: "edge/src/coordinator/ledger/ledger.test.ts",
  },
  {
    name: "who did not hear its welcome comes back for the former lease",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: "const former = job.formerEpoch === claim.epoch &&",
    replace: "const former = job.formerEpoch === -1 && job.formerEpoch === claim.epoch &&",
    breaks: [],
    // Without it the lease runs out, and the job is done once more: slower, and as right.
    test: "edge/src/coordinator/leases.test.ts",
  },
  {
    name: "a word that is said anew while the old one is written stays",
    file: `${COORDINATOR}/store/outbox-store.ts`,
    find: 'where id = ? and notBefore = ?", id, notBefore)',
    replace: 'where id = ? and ? >= 0", id, notBefore)',
    breaks: [],
    // The quarter-hour's sweep has everything said again of what is still in the making.
    test: "edge/src/coordinator/store/stores.test.ts",
  },
  {
    name: "what the catalogue did not hear is told again",
    file: `${COORDINATOR}/results/publish.ts`,
    find: "    await publish(pool, rows, now);\n",
    replace: "    void publish(pool, rows, now).catch(() => {});\n",
    breaks: ["I2", "I5"],
  },
  {
    name: "what the coordinator did not hear is told again",
    file: `${COORDINATOR}/sweeps/sweep-work.ts`,
    find: "await unsentWork(db, now - UNSENT_MS, ROWS_PER_PASS)",
    replace: "await unsentWork(db, -UNSENT_MS, ROWS_PER_PASS)",
    breaks: ["I5"],
  },
  {
    name: "only a lease that lasts is completed",
    file: `${COORDINATOR}/ledger/lease.ts`,
    find: 'return job.state === "leased" && isNamed(job, claim);',
    replace: "return isNamed(job, claim);",
    breaks: ["I3"],
  },
  {
    name: "a lease that ran out is taken away",
    file: `${COORDINATOR}/ledger/ledger.ts`,
    find: "return job.leaseEnd !== null && job.leaseEnd <= now ? loseJob(job, now) : null;",
    replace: "return job.leaseEnd !== null && job.leaseEnd <= -now ? loseJob(job, now) : null;",
    breaks: ["I5"],
  },
  {
    name: "what was announced is looked for in the storage",
    file: `${COORDINATOR}/results/verify.ts`,
    find: "  if (!head || head.size !== named.size || head.size !== wish.size) return null;",
    replace: "  if (!head) return { ...named, key: wish.key, type: wish.type };",
    breaks: ["I2", "I9"],
  },
  {
    name: "what is in the storage is what was announced",
    file: `${COORDINATOR}/results/verify.ts`,
    find: "  if (known && unquote(named.etag) !== head.etag) return null;\n",
    replace: "",
    breaks: ["I2"],
  },
  {
    name: "what others have made is made no more",
    file: `${COORDINATOR}/plans/superseding.ts`,
    find: "if (owned) apply(",
    replace: "if (owned && turn.now < 0) apply(",
    breaks: [],
    // It would own nothing, and what is not granted yet is looked at again at its grant: only work is lost.
    test: "edge/src/coordinator/watching/awaiting.test.ts",
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
    // The catalogue refuses the second, which is told as an error.
    breaks: ["I5", "I2", "nothing crashes"],
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
    find: "const kept = [...job.objects, ...fresh];",
    replace: "const kept = objects;",
    breaks: ["I2", "I6", "I9"],
  },
  {
    name: "what is made again does not lapse",
    file: `${COORDINATOR}/ledger/revival.ts`,
    find: "askedAt: null",
    replace: "askedAt: job.askedAt",
    breaks: [],
    // One seed in a thousand (500408): what a viewer waited for has to be the very object that is lost.
    test: `${COORDINATOR}/ledger/ledger.test.ts`,
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
    file: `${COORDINATOR}/coordinator.ts`,
    // That a pass sets the alarm before it waits goes unnoticed alone: the turns of those few seconds set it as well.
    find: "    this.#pool.later(this.tick(Date.now()));",
    replace: "    return this.tick(Date.now());",
    breaks: ["I5"],
  },
];
