import { afterEach, beforeEach, expect, test } from "vitest";
import { Connection } from "./connection.ts";
import { Abandoned, JobError } from "./errors.ts";
import type { Attempt } from "./job.ts";
import type { LeaseRef, Slots } from "./protocol.ts";
import { RehearsalCoordinator, welcome } from "./rehearsal/coordinator.ts";
import { silentLog } from "./rehearsal/log.ts";
import { until } from "./rehearsal/until.ts";
import { leaseCapacity, Runner } from "./runner.ts";

/** A job in the hands of the test: runs until it is told to end, or until its signal is aborted. */
class Running {
  readonly attempt: Attempt;
  finish: () => void = () => {};
  /** Cleans up only when told. */
  tidy: () => void = () => {};
  readonly done: Promise<void>;

  constructor(attempt: Attempt, slowToTidy: boolean) {
    this.attempt = attempt;
    this.done = new Promise((resolve) => {
      this.finish = this.tidy = resolve;
      if (!slowToTidy) attempt.signal.addEventListener("abort", () => resolve());
    });
  }

  get reason(): unknown {
    return this.attempt.signal.reason;
  }
}

let coordinator: RehearsalCoordinator;
let connection: Connection;
let runner: Runner;
let jobs: Map<string, Running>;
let endings: string[];
let slowToTidy: boolean;

beforeEach(async () => {
  coordinator = await RehearsalCoordinator.start();
  jobs = new Map();
  endings = [];
  slowToTidy = false;
});
afterEach(async () => {
  for (const job of jobs.values()) job.tidy();
  await runner.ended();
  await connection.stop();
  await coordinator.stop();
});

async function start(capacity: Slots = { gpu: 0, cpu: 2, io: 1 }, more: { cutOffMs?: number } = {}) {
  connection = new Connection({
    url: coordinator.url,
    key: "key",
    introduction: {
      agentVersion: "0",
      bootId: "boot",
      label: "here",
      capabilities: {
        kinds: ["image"],
        encoders: [],
        ffmpeg: "7",
        cores: 2,
        memoryBytes: 1,
        platform: "linux",
      },
      slots: capacity,
    },
    log: silentLog,
    reconnect: { firstMs: 2, slowestMs: 10 },
    ...more,
  });
  runner = new Runner({
    connection,
    capacity,
    run: (attempt) => {
      const running = new Running(attempt, slowToTidy);
      jobs.set(`${attempt.grant.lease.job} ${attempt.grant.lease.epoch}`, running);
      return running.done;
    },
    stopped: ({ sentence }) => endings.push(sentence),
    log: silentLog,
    progressGapMs: 20,
  });
  connection.start(runner);
  await coordinator.nth("ready");
}

async function job(name: string, epoch = 1): Promise<Running> {
  return until(`job ${name}`, () => jobs.get(`${name} ${epoch}`));
}

const lastReady = () => coordinator.of("ready").at(-1)?.slots;
const readyIs = (slots: Slots) =>
  until(`ready ${JSON.stringify(slots)}`, () => JSON.stringify(lastReady()) === JSON.stringify(slots));

test("free slots are told whenever they change", async () => {
  await start();
  expect(lastReady()).toEqual({ gpu: 0, cpu: 2, io: 1 });
  coordinator.grant("a");
  coordinator.grant("b", { slot: "io" });
  await readyIs({ gpu: 0, cpu: 1, io: 0 });
  (await job("b")).finish();
  await readyIs({ gpu: 0, cpu: 1, io: 1 });
  (await job("a")).finish();
  await readyIs({ gpu: 0, cpu: 2, io: 1 });
});

test("a job that only uploads leaves its slot to the next one, and is still renewed", async () => {
  coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 15 });
  await start({ gpu: 0, cpu: 1, io: 0 });
  coordinator.grant("a");
  (await job("a")).attempt.processed();
  await readyIs({ gpu: 0, cpu: 1, io: 0 });
  coordinator.grant("b");
  await job("b");
  await until("a renewal of both", () => coordinator.of("renew").some(({ leases }) => leases.length === 2));
  expect(coordinator.of("release")).toEqual([]);
  expect(leaseCapacity({ gpu: 0, cpu: 1, io: 2 })).toEqual({ gpu: 0, cpu: 2, io: 3 });
});

test("a grant without a free slot is given back uncharged, one that comes twice starts once", async () => {
  await start({ gpu: 0, cpu: 1, io: 0 });
  coordinator.grant("a");
  await job("a");
  coordinator.grant("a");
  const extra = coordinator.grant("b");
  expect((await coordinator.nth("release")).lease).toEqual(extra);
  expect([...jobs.keys()]).toEqual(["a 1"]);
});

test("one frame renews all leases, with the progress of each", async () => {
  coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 15 });
  await start();
  const leases = [coordinator.grant("a"), coordinator.grant("b")];
  (await job("a")).attempt.progress(0.03);
  (await job("b")).attempt.progress(0.04);
  const told = await until("a renewal of both", () =>
    coordinator.of("renew").find((frame) => frame.leases.length === 2),
  );
  await until("many renewals", () => coordinator.of("renew").length > 4);
  expect(told.leases.map(({ job, epoch, secret }) => ({ job, epoch, secret }))).toEqual(leases);
  expect(
    coordinator
      .of("renew")
      .at(-1)
      ?.leases.map(({ fraction }) => fraction),
  ).toEqual([0.03, 0.04]);
});

test("a step of progress is told sooner, and small steps are not", async () => {
  await start();
  coordinator.grant("a");
  const { attempt } = await job("a");
  const before = coordinator.of("renew").length;
  attempt.progress(0.04);
  attempt.progress(0.2);
  attempt.progress(0.1);
  await coordinator.nth("renew", before + 1);
  expect(coordinator.of("renew").at(-1)?.leases[0]?.fraction).toBe(0.2);
  attempt.progress(7);
  await coordinator.nth("renew", before + 2);
  expect(coordinator.of("renew").at(-1)?.leases[0]?.fraction).toBe(1);
});

test.each(["cancel", "renewed"] as const)(
  "a job that is over by %s is dropped without a report",
  async (how) => {
    coordinator.answers.renew = ({ seq }) => ({
      type: "renewed",
      re: seq,
      lost: how === "renewed" ? ["a"] : [],
    });
    await start();
    coordinator.grant("a");
    const running = await job("a");
    if (how === "cancel") coordinator.say({ type: "cancel", jobs: ["a", "other"], reason: "file deleted" });
    else running.attempt.progress(0.5);
    await until("the abort", () => running.attempt.signal.aborted);
    expect(running.reason).toBeInstanceOf(Abandoned);
    await readyIs({ gpu: 0, cpu: 2, io: 1 });
    expect(coordinator.of("release")).toEqual([]);
  },
);

test("the slot of a dropped job is free only once it has cleaned up", async () => {
  slowToTidy = true;
  await start({ gpu: 0, cpu: 1, io: 0 });
  coordinator.grant("a");
  const running = await job("a");
  coordinator.say({ type: "cancel", jobs: ["a"], reason: "file deleted" });
  await until("the abort", () => running.attempt.signal.aborted);
  const extra = coordinator.grant("b");
  expect((await coordinator.nth("release")).lease).toEqual(extra);
  running.tidy();
  await readyIs({ gpu: 0, cpu: 1, io: 0 });
});

test("after a cut the agent names what it holds: adopted goes on in its new name, lost is dropped", async () => {
  await start();
  const [kept, lost] = [coordinator.grant("a"), coordinator.grant("b")];
  const [a, b] = [await job("a"), await job("b")];
  const adopted: LeaseRef = { job: "a", epoch: 5, secret: "new" };
  coordinator.answers.hello = ({ seq }) =>
    welcome(seq, { adopted: [{ job: "a", from: 1, lease: adopted }], lost: ["b"] });
  coordinator.drop();
  expect((await coordinator.nth("hello", 2)).held).toEqual([kept, lost]);
  await until("b is dropped", () => b.attempt.signal.aborted);
  expect(a.attempt.signal.aborted).toBe(false);
  expect(a.attempt.lease()).toEqual(adopted);
  const renewal = await until("a renewal after the welcome", () =>
    coordinator.of("renew").find((frame) => frame.leases.some(({ epoch }) => epoch === 5)),
  );
  expect(renewal.leases).toEqual([{ ...adopted, fraction: 0 }]);
});

test("a lease adopted for a job that is no longer here is given back", async () => {
  const adopted: LeaseRef = { job: "gone", epoch: 2, secret: "new" };
  coordinator.answers.hello = ({ seq }) =>
    welcome(seq, { adopted: [{ job: "gone", from: 1, lease: adopted }] });
  await start();
  expect((await coordinator.nth("release")).lease).toEqual(adopted);
});

test("a job granted anew replaces its older attempt", async () => {
  await start();
  coordinator.grant("a");
  const first = await job("a");
  coordinator.grant("a", { lease: { job: "a", epoch: 2, secret: "s" } });
  await job("a", 2);
  expect(first.reason).toBeInstanceOf(Abandoned);
});

test("an attempt that takes too long is ended as a timeout", async () => {
  await start();
  coordinator.grant("a", { deadlineMs: 30 });
  const running = await job("a");
  await until("the abort", () => running.attempt.signal.aborted);
  expect(running.reason).toMatchObject({ code: "timeout" });
  expect(running.reason).toBeInstanceOf(JobError);
});

test("without contact for too long all work is dropped; before that it goes on", async () => {
  await start(undefined, { cutOffMs: 100 });
  coordinator.grant("a");
  const running = await job("a");
  coordinator.refusal = { status: 503, body: "" };
  coordinator.drop();
  await until("some tries", () => coordinator.upgrades.length > 3);
  expect(running.attempt.signal.aborted).toBe(false);
  await until("the abort", () => running.attempt.signal.aborted);
  coordinator.refusal = null;
  expect((await coordinator.nth("hello", 2)).held).toEqual([]);
});

test("an edge that drains the agent gets no more ready slots, until the next welcome", async () => {
  await start();
  coordinator.say({ type: "drain", reason: "disk full" });
  await readyIs({ gpu: 0, cpu: 0, io: 0 });
  coordinator.drop();
  await readyIs({ gpu: 0, cpu: 2, io: 1 });
});

test("a stop takes nothing new, keeps renewing, lets jobs end and gives the rest back", async () => {
  coordinator.answers.hello = ({ seq }) => welcome(seq, { renewMs: 10 });
  await start();
  coordinator.grant("quick");
  const long = coordinator.grant("long");
  const [quick, other] = [await job("quick"), await job("long")];
  const drained = runner.drain(400);
  await readyIs({ gpu: 0, cpu: 0, io: 0 });
  expect(other.attempt.stopping()).toBe(true);
  const extra = coordinator.grant("late", { slot: "io" });
  expect((await coordinator.nth("release")).lease).toEqual(extra);
  const renewals = coordinator.of("renew").length;
  await coordinator.nth("renew", renewals + 3);
  quick.finish();
  await drained;
  expect(coordinator.of("release").map(({ lease }) => lease)).toEqual([extra, long]);
  expect(quick.attempt.signal.aborted).toBe(false);
  expect(other.reason).toBeInstanceOf(Abandoned);
});

test("a stop ends as soon as the last job has", async () => {
  await start();
  coordinator.grant("a");
  const running = await job("a");
  const drained = runner.drain(3_600_000);
  running.finish();
  await drained;
  expect(coordinator.of("release")).toEqual([]);
});

test("a second signal gives everything back at once", async () => {
  await start();
  const lease = coordinator.grant("a");
  await job("a");
  const drained = runner.drain(3_600_000);
  runner.hurry();
  await drained;
  expect(coordinator.of("release").map((frame) => frame.lease)).toEqual([lease]);
});

test("a stop without contact does not wait for answers that cannot come", async () => {
  await start();
  coordinator.grant("a");
  const running = await job("a");
  coordinator.refusal = { status: 503, body: "" };
  coordinator.drop();
  await until("the agent notices", () => !connection.up);
  runner.hurry();
  await runner.drain(3_600_000);
  expect(running.reason).toBeInstanceOf(Abandoned);
});

test("a revoked key ends all work", async () => {
  await start();
  coordinator.grant("a");
  const running = await job("a");
  coordinator.drop(4003);
  await until("the end", () => endings.length);
  expect(endings[0]).toContain("revoked");
  expect(running.attempt.signal.aborted).toBe(true);
});
