/** Leases in real workerd: lost, adopted, fenced, taken away; the object asleep or restarted meanwhile. */
import { describe, expect, test } from "vitest";
import { findFile } from "../catalog/files.ts";
import { MINUTE, SECOND } from "../config.ts";
import { useBench } from "./testing/bench.ts";
import { makeResult } from "./testing/results.ts";
import { eventually } from "./testing/test-agent.ts";

const bench = useBench();
const LEASE_MS = 90 * SECOND;
const settled = (fileId: string) =>
  eventually(async () => {
    const file = await findFile(bench.edge.db, fileId);
    return file && file.status !== "processing" ? file : null;
  });

test("a lease that ran out goes to another agent, and what the first uploads or says no longer counts", async () => {
  const zombie = await bench.agent();
  const fileId = await bench.file("image");
  const old = await zombie.grant("image");
  const healthy = await bench.agent();
  await bench.edge.calls.tick(Date.now() + LEASE_MS + SECOND);
  const fresh = await healthy.grant("image");
  expect(fresh.lease).toMatchObject({ job: old.lease.job, epoch: 2 });
  expect(await zombie.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [old.lease.job] });

  const { uploads, result } = makeResult(old);
  const named = uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "" }));
  expect(await zombie.complete(old.lease, named, result)).toMatchObject({ type: "refused", reason: "stale" });
  expect(
    await zombie.ask({ type: "sign", lease: old.lease, inputs: [], outputs: [], parts: [] }),
  ).toMatchObject({
    ...{ type: "refused", reason: "stale" },
  });
  expect(await zombie.ask({ type: "renew", leases: [{ ...old.lease, fraction: 1 }] })).toMatchObject({
    lost: [old.lease.job],
  });
  // Nor does it help to know the epoch: the secret is another.
  const guessed = { ...fresh.lease, secret: old.lease.secret };
  expect(await zombie.complete(guessed, named, result)).toMatchObject({ reason: "stale" });
  const stolen = await zombie.complete(fresh.lease, named, result);
  expect(stolen).toMatchObject({ reason: "stale" });

  await bench.finish(healthy, fresh);
  expect((await settled(fileId)).status).toBe("ready");
});

test("a cut-off agent that comes back before anybody else adopts its lease and its uploads", async () => {
  const agent = await bench.agent();
  const fileId = await bench.file("image");
  const grant = await agent.grant("image");
  const { uploads, result } = makeResult(grant);
  const [first, ...others] = uploads;
  const before = await agent.upload(grant.lease, first ? [first] : []);
  agent.kill();
  await bench.edge.calls.tick(Date.now() + LEASE_MS + SECOND);
  expect(await bench.edge.job(grant.lease.job)).toMatchObject({ state: "ready", losses: 1 });

  const back = await bench.again(agent);
  const welcome = await back.hello([grant.lease]);
  const [adopted] = welcome.adopted;
  expect(welcome).toMatchObject({ resumed: [], lost: [], adopted: [{ job: grant.lease.job, from: 1 }] });
  expect(adopted?.lease).toMatchObject({ epoch: 2 });
  expect(await bench.edge.job(grant.lease.job)).toMatchObject({ state: "leased", losses: 0, attempts: 1 });
  const lease = adopted?.lease ?? grant.lease;
  const after = await back.upload(lease, others);
  expect(await back.complete(lease, [...before, ...after], result)).toMatchObject({ type: "accepted" });
  expect((await settled(fileId)).status).toBe("ready");
  expect(back.grants()).toEqual([]);
});

test("a hello whose welcome was lost adopts once more, and the lease of the lost one is stale", async () => {
  const agent = await bench.agent();
  await bench.file("image");
  const grant = await agent.grant("image");
  agent.kill();
  await bench.edge.calls.tick(Date.now() + LEASE_MS + SECOND);
  const first = await bench.again(agent);
  const lost = (await first.hello([grant.lease])).adopted[0];
  first.kill();
  const second = await bench.again(agent);
  const found = (await second.hello([grant.lease])).adopted[0];
  expect([lost?.lease.epoch, found?.lease.epoch]).toEqual([2, 3]);
  const renewed = await second.ask({
    type: "renew",
    leases: [{ ...(lost?.lease ?? grant.lease), fraction: 0 }],
  });
  expect(renewed).toMatchObject({ lost: [grant.lease.job] });
});

test("a reconnect within the lease resumes it; a new start of the process loses it", async () => {
  const agent = await bench.agent();
  await bench.file("image");
  const grant = await agent.grant("image");
  const back = await bench.again(agent);
  expect(await back.hello([grant.lease])).toMatchObject({
    resumed: [grant.lease.job],
    adopted: [],
    lost: [],
  });
  expect(await eventually(() => agent.closed)).toMatchObject({ code: 4001 });

  const restarted = await bench.again(agent, "another boot");
  await restarted.start([]);
  expect(await restarted.grant("image")).toMatchObject({ lease: { job: grant.lease.job, epoch: 2 } });
  expect(await bench.edge.job(grant.lease.job)).toMatchObject({ losses: 1, attempts: 2 });
});

test("a grant that never reached its agent is free again, uncharged", async () => {
  const agent = await bench.agent();
  await bench.file("image");
  const grant = await agent.grant("image");
  const back = await bench.again(agent);
  await back.start([]);
  expect(await back.grant("image")).toMatchObject({ lease: { job: grant.lease.job, epoch: 2 } });
  expect(await bench.edge.job(grant.lease.job)).toMatchObject({ losses: 0, attempts: 1 });
});

test("nothing is granted to an agent that has been greeted but has not said that it is ready", async () => {
  const early = await bench.again(await bench.agent(), "another boot");
  await early.hello();
  await bench.file("image");
  await bench.edge.calls.tick(Date.now());
  expect(early.grants()).toEqual([]);
  early.ready();
  expect(await early.grant("image")).toMatchObject({ lease: { epoch: 1 } });
});

describe("a closed socket", () => {
  test("leaves its leases ten seconds, and no more than they had", async () => {
    const agent = await bench.agent();
    await bench.file("image");
    const grant = await agent.grant("image");
    agent.kill();
    const row = await eventually(async () => {
      const job = await bench.edge.job(grant.lease.job);
      return Number(job["leaseEnd"]) < Date.now() + 11 * SECOND ? job : null;
    });
    expect(Number(row["leaseEnd"])).toBeLessThanOrEqual(Date.now() + 10 * SECOND);
    expect(row["state"]).toBe("leased");
    const other = await bench.agent();
    await bench.edge.calls.tick(Date.now() + 11 * SECOND);
    expect(await other.grant("image")).toMatchObject({ lease: { epoch: 2 } });
  });

  test("of a killed agent: its job goes to another one by itself, nobody calling", async () => {
    const agent = await bench.agent();
    await bench.file("image");
    const grant = await agent.grant("image");
    const other = await bench.agent();
    agent.kill();
    expect(await other.grant("image")).toMatchObject({ lease: { job: grant.lease.job, epoch: 2 } });
  });

  test("of a revoked key ends at once with 4003", async () => {
    const agent = await bench.agent();
    const [listed] = (await bench.edge.calls.status()).agents.filter(({ online }) => online);
    const order = { agentId: listed?.id ?? "", tier: 5, state: "revoked", changedAt: Date.now() } as const;
    await bench.edge.calls.steer(order);
    expect(await eventually(() => agent.closed)).toMatchObject({ code: 4003 });
  });
});

describe("the object", () => {
  test("sleeps with its sockets open and goes on as if it had not", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    await bench.edge.evict("hibernate");
    expect(agent.closed).toBeNull();
    const { uploads, result } = makeResult(grant);
    const objects = await agent.upload(grant.lease, uploads);
    await bench.edge.evict("hibernate");
    const seq = 777;
    expect(await agent.complete(grant.lease, objects, result, seq)).toMatchObject({
      type: "accepted",
      re: seq,
    });
    await bench.edge.evict("hibernate");
    expect((await settled(fileId)).status).toBe("ready");
    const next = await bench.file("image");
    agent.ready();
    await bench.finish(agent, await agent.grant("image"));
    expect((await settled(next)).status).toBe("ready");
  });

  test("restarted with its sockets cut takes its agents and their leases back", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    await bench.edge.evict("close");
    await eventually(() => agent.closed);
    const back = await bench.again(agent);
    expect(await back.hello([grant.lease])).toMatchObject({ resumed: [grant.lease.job] });
    await bench.finish(back, grant);
    expect((await settled(fileId)).status).toBe("ready");
    expect(await bench.edge.job(grant.lease.job)).toMatchObject({ attempts: 1, losses: 0, epoch: 1 });
  });
});

test("an agent that fails by its own fault gets none of that kind for a while, uncharged; another does", async () => {
  const sick = await bench.agent();
  await bench.file("image");
  const grant = await sick.grant("image");
  const fault = { class: "agent_fault", code: "disk_full", message: "The disk is full." } as const;
  expect(await sick.ask({ type: "fail", lease: grant.lease, ...fault })).toMatchObject({ type: "accepted" });
  sick.ready();
  expect(await bench.edge.job(grant.lease.job)).toMatchObject({ state: "ready", attempts: 0, faults: 1 });
  const healthy = await bench.agent();
  expect(await healthy.grant("image")).toMatchObject({ lease: { job: grant.lease.job } });
  expect(sick.grants()).toHaveLength(1);
});

test("five transient failures bury a job, and its file has failed with the reason", async () => {
  const agent = await bench.agent();
  const fileId = await bench.file("image");
  let now = Date.now();
  for (let attempt = 1; attempt <= 5; attempt++) {
    const { lease } = await agent.grant("image");
    const failure = { class: "transient", code: "crashed", message: `Crash ${attempt}.` } as const;
    await agent.ask({ type: "fail", lease, ...failure });
    agent.ready();
    now += 31 * MINUTE;
    await bench.edge.calls.tick(now);
  }
  expect(await settled(fileId)).toMatchObject({ status: "failed", reason: "Crash 5." });
  const [job] = await bench.edge.jobs(fileId);
  expect(job).toMatchObject({ state: "dead", attempts: 5 });
  expect(await bench.edge.calls.stepJob(String(job?.["id"]), "redrive")).toBe(true);
  expect(await agent.grant("image")).toMatchObject({ lease: { epoch: 6 } });
  expect(await findFile(bench.edge.db, fileId)).toMatchObject({ status: "processing" });
});
