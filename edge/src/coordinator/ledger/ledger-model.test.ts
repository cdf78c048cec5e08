/**
 * The ledger under everything that can happen in any order: agents that vanish, come back, repeat themselves
 * and speak for leases they no longer have, on the real stores and turns. The model knows only what agents
 * were told; the invariants are those of the design (I3 I4 I5 I7 I8 I11).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../config.ts";
import { commitTurn } from "../results/commit-turn.ts";
import { adoptJob, holds, renewJob, shortenLease, wasCompleted } from "./lease.ts";
import { isOpen, type Claim, type Job } from "./ledger-types.ts";
import {
  completeJob,
  failByAgent,
  failPermanent,
  failTransient,
  grantJob,
  missObjects,
  postponeCommit,
  releaseJob,
} from "./ledger.ts";
import { redriveJob } from "./revival.ts";
import { MAX_ATTEMPTS, MAX_LOSSES } from "./retry.ts";
import { LEASE_MS, NOW, spec } from "../testing/jobs.ts";
import { openTestLedger, stateOf } from "../testing/node-sql.ts";
import { apply, cancelTurn, enqueueJobs, passTime, openTurn, type Turn } from "../turns.ts";

/** A lease as an agent remembers it, valid or not. */
type Known = Claim & { job: string };
interface Op {
  kind: keyof typeof steps;
  pick: number;
  agent: number;
  random: number;
}

const AGENTS = ["agent-a", "agent-b", "agent-c"];
const ERROR = { code: "network", message: "It broke." } as const;

class World {
  readonly ledger = openTestLedger();
  readonly store = this.ledger.store;
  now = NOW;
  readonly known: Known[] = [];
  /** Highest epoch ever seen, by job. */
  readonly epochs = new Map<string, number>();
  readonly committed = new Set<string>();
  files = 0;
  #secrets = 0;

  turn(random = 0.5): Turn {
    return openTurn({
      store: this.store,
      now: this.now,
      random: () => random,
      newId: () => `main.${String((this.files += 1)).padStart(6, "0")}`,
    });
  }

  jobs(): Job[] {
    return Array.from({ length: FILES }, (_, at) => this.store.jobs.ofFile(fileId(at))).flat();
  }

  fresh(): { secretHash: string; nonce: string; bootId: string; leaseMs: number } {
    this.#secrets += 1;
    return {
      ...{ secretHash: `hash-${String(this.#secrets).padStart(8, "0")}`, nonce: `n${this.#secrets}` },
      ...{ bootId: "boot", leaseMs: LEASE_MS },
    };
  }

  /** Does it, then does it again: the second time must change nothing (I8). */
  twice(act: () => void): void {
    act();
    const before = stateOf(this.ledger.sql);
    act();
    expect(stateOf(this.ledger.sql)).toBe(before);
  }
}

const FILES = 3;
const fileId = (at: number) => `file00000${at}`;

/** What an agent or the clock may do; `pick` chooses among jobs or remembered leases. */
const steps = {
  enqueue: (world: World, { pick }: Op) => {
    const file = fileId(pick % FILES);
    world.twice(() => {
      const [parent] = enqueueJobs(world.turn(), [spec({ fileId: file })]);
      if (parent !== undefined) {
        enqueueJobs(world.turn(), [spec({ fileId: file, kind: "mp4", parents: [parent] })]);
      }
    });
  },
  grant: (world: World, { pick, agent }: Op) => {
    const ready = world.jobs().filter(({ state }) => state === "ready");
    const job = ready[pick % Math.max(1, ready.length)];
    if (!job) return;
    const to = { ...world.fresh(), agentId: AGENTS[agent % 3] ?? "", slot: "io" as const };
    const granted = grantJob(job, to, world.now);
    apply(world.turn(), job, granted);
    if (granted)
      world.known.push({ job: job.id, agentId: to.agentId, epoch: granted.epoch, hash: to.secretHash });
  },
  renew: (world: World, op: Op) =>
    withLease(world, op, (lease) =>
      world.twice(() => {
        const job = held(world, lease);
        if (job) apply(world.turn(), job, renewJob(job, op.random, LEASE_MS, world.now));
      }),
    ),
  close: (world: World, { agent }: Op) =>
    world.twice(() => {
      for (const job of world.store.queue.leasedBy(AGENTS[agent % 3] ?? "")) {
        apply(world.turn(), job, shortenLease(job, world.now));
      }
    }),
  adopt: (world: World, op: Op) =>
    withLease(world, op, (lease) => {
      const job = world.store.jobs.find(lease.job);
      const to = world.fresh();
      const adopted = job && adoptJob(job, lease, to, world.now);
      if (job && adopted) {
        expect(job.agentId).toBe(lease.agentId);
        apply(world.turn(), job, adopted);
        world.known.push({ ...lease, epoch: adopted.epoch, hash: to.secretHash });
      }
    }),
  fail: (world: World, op: Op) =>
    withLease(world, op, (lease) =>
      world.twice(() => {
        const job = held(world, lease);
        if (!job) return;
        const outcomes = [
          failTransient(job, ERROR, world.now, () => op.random),
          failByAgent(job, ERROR, world.now),
          failPermanent(job, ERROR, world.now),
        ];
        apply(world.turn(), job, outcomes[Math.floor(op.random * 2.2)] ?? null);
      }),
    ),
  release: (world: World, op: Op) =>
    withLease(world, op, (lease) =>
      world.twice(() => {
        const job = held(world, lease);
        if (!job) return;
        apply(world.turn(), job, releaseJob(job, world.now));
        // I11: as if it had never been granted.
        expect(world.store.jobs.find(job.id)?.attempts).toBe(job.attempts - 1);
      }),
    ),
  complete: (world: World, op: Op) =>
    withLease(world, op, (lease) =>
      world.twice(() => {
        const job = held(world, lease);
        if (job) apply(world.turn(), job, completeJob(job, MANIFEST, world.now));
        const now = world.store.jobs.find(lease.job);
        // A completion is known by its own epoch and secret only.
        if (now && wasCompleted(now, lease)) expect(now.epoch).toBe(lease.epoch);
      }),
    ),
  verify: (world: World, op: Op) =>
    withLease(world, op, (lease) => {
      const job = world.store.jobs.find(lease.job);
      const done = commitTurn(world.turn(), lease.job, lease.epoch, { objects: [], plan: null, head: null });
      if (!done) return;
      // I3: only the epoch that completed may commit. I2: and only once.
      expect(job).toMatchObject({ state: "committing", epoch: lease.epoch });
      expect(world.committed.has(lease.job)).toBe(false);
      world.committed.add(lease.job);
    }),
  storageFails: (world: World, { pick, random }: Op) => {
    const committing = world.jobs().filter(({ state }) => state === "committing");
    const job = committing[pick % Math.max(1, committing.length)];
    if (!job) return;
    const after =
      random < 0.5
        ? missObjects(job, "missing", world.now, () => random)
        : postponeCommit(job, world.now, () => random);
    apply(world.turn(), job, after);
  },
  pass: (world: World, { random }: Op) => {
    world.now += Math.round(random * 3 * MINUTE);
    world.twice(() => void passTime(world.turn(random), 200));
  },
  redrive: (world: World, { pick }: Op) => {
    const dead = world.jobs().filter(({ state }) => state === "dead");
    const job = dead[pick % Math.max(1, dead.length)];
    if (job && pick % 5 === 0) apply(world.turn(), job, redriveJob(job, world.now));
  },
  deleteFile: (world: World, { pick }: Op) => {
    if (pick % 10 !== 0) return;
    const file = fileId(pick % FILES);
    cancelTurn(world.turn(), file);
    expect(world.store.jobs.ofFile(file).some(({ state }) => isOpen(state))).toBe(false);
  },
};

const MANIFEST = {
  objects: [],
  result: { kind: "mp4" as const, object: "a.mp4", width: 2, height: 2, frames: 1, duration: 1 },
};

function withLease(world: World, { pick }: Op, act: (lease: Known) => void): void {
  const lease = world.known[pick % Math.max(1, world.known.length)];
  if (lease) act(lease);
}

function held(world: World, lease: Known): Job | null {
  const job = world.store.jobs.find(lease.job);
  return job && holds(job, lease) ? job : null;
}

function checkInvariants(world: World): void {
  for (const job of world.jobs()) {
    // I3: epochs only grow.
    expect(job.epoch).toBeGreaterThanOrEqual(world.epochs.get(job.id) ?? 0);
    world.epochs.set(job.id, job.epoch);
    // I4: of all leases ever given, one at most is good.
    const good = world.known.filter((lease) => lease.job === job.id && holds(job, lease));
    expect(good.length).toBe(job.state === "leased" ? 1 : 0);
    // I7: poison is dead in time.
    expect(job.attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
    expect(job.losses).toBeLessThanOrEqual(MAX_LOSSES);
    if (isOpen(job.state)) expect(job.attempts < MAX_ATTEMPTS || job.state !== "ready").toBe(true);
    // I5: whatever is not waiting for an agent has a time at which the alarm looks at it.
    if (job.state === "leased") expect(job.leaseEnd).not.toBeNull();
    if (job.state === "retry_wait" || job.state === "committing") expect(job.notBefore).not.toBeNull();
  }
}

/** Faults have stopped: one healthy agent takes everything, and everything ends (I5). */
function settle(world: World): void {
  for (let round = 0; round < 60; round++) {
    world.now += 31 * MINUTE;
    passTime(world.turn(), 200);
    for (const { id } of world.jobs()) {
      const job = world.store.jobs.find(id);
      if (job?.state === "ready") {
        const granted = grantJob(job, { ...world.fresh(), agentId: "agent-a", slot: "io" }, world.now);
        apply(world.turn(), job, granted);
        if (granted) apply(world.turn(), granted, completeJob(granted, MANIFEST, world.now));
      }
      const done = world.store.jobs.find(id);
      if (done?.state === "committing")
        commitTurn(world.turn(), id, done.epoch, { objects: [], plan: null, head: null });
    }
  }
  expect(world.jobs().filter(({ state }) => isOpen(state))).toEqual([]);
}

const anyOp: fc.Arbitrary<Op> = fc.record({
  // What brings a job forward comes more often, so that runs get deep.
  kind: fc.constantFrom(
    ...(Object.keys(steps) as Op["kind"][]),
    ...(["grant", "grant", "complete", "complete", "verify", "pass"] as const),
  ),
  pick: fc.nat(99),
  agent: fc.nat(2),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

test("no order of events breaks the ledger", () => {
  fc.assert(
    fc.property(fc.array(anyOp, { minLength: 10, maxLength: 120 }), (ops) => {
      const world = new World();
      for (const op of ops) {
        steps[op.kind](world, op);
        checkInvariants(world);
      }
      settle(world);
    }),
    { numRuns: 50 },
  );
});

test("an agent that loses everything cannot keep others from working (I7)", () => {
  const world = new World();
  enqueueJobs(world.turn(), [spec({ fileId: fileId(0) })]);
  let grants = 0;
  for (let round = 0; round < 20; round++) {
    const [job] = world.jobs();
    if (job?.state === "ready") {
      grants += 1;
      apply(world.turn(), job, grantJob(job, { ...world.fresh(), agentId: "sick", slot: "io" }, world.now));
    }
    world.now += LEASE_MS + SECOND;
    passTime(world.turn(), 200);
  }
  expect(world.jobs()[0]?.state).toBe("dead");
  expect(grants).toBe(MAX_LOSSES);
});
