import { expect, describe, test } from "vitest";
import { LEASES_IN_SENDING, PROTOCOL_VERSION } from "#protocol";
import { changeAgent, revokeAgent } from "../catalog/agents.ts";
import { MINUTE } from "../config.ts";
import { useBench } from "../coordinator/testing/bench.ts";
import { eventually, SLOTS, TestAgent } from "../coordinator/testing/test-agent.ts";
import { agentOf, ask, codeOf, fleetOf, jobOf, TOKEN } from "./testing/operator.ts";

const bench = useBench({ OPERATOR_TOKEN: TOKEN });
const url = () => bench.edge.url;

/** Made by the door, connected and ready. */
async function newAgent(label = "cellar"): Promise<{ id: string; key: string; agent: TestAgent }> {
  const made = await ask<{ id: string; key: string }>(url(), "POST", "/api/agents", { label });
  expect(made.status).toBe(201);
  const agent = await new TestAgent(url(), made.body.key).connect();
  await agent.start();
  return { ...made.body, agent };
}
const patch = (id: string, change: unknown) => ask(url(), "PATCH", `/api/agents/${id}`, change);
const revoke = (id: string) => ask(url(), "DELETE", `/api/agents/${id}`);

describe("an agent is shown", () => {
  test("before it ever came, at work, and after it left", async () => {
    const made = await ask<{ id: string; key: string }>(url(), "POST", "/api/agents", {
      label: " cel\u202elar ",
    });
    const { id, key } = made.body;
    expect(await agentOf(url(), id)).toMatchObject({
      ...{ label: "cellar", tier: 5, state: "offline", reason: null, version: null, seen_at: null },
      ...{ connected_at: null, jobs: [], done: 0, losses: 0, pool: "main" },
    });
    const agent = await new TestAgent(url(), key).connect();
    await agent.start();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    await agent.ask({ type: "renew", leases: [{ ...grant.lease, fraction: 0.5 }] });
    const working = await agentOf(url(), id);
    expect(working).toMatchObject({
      ...{ state: "online", version: "0", platform: "test", ffmpeg: "5", encoders: ["libx264"], cores: 2 },
      // Of the leases that it can hold, those at which it can be at work in the same moment.
      ...{
        slots: { gpu: 0, cpu: 1, io: SLOTS.io - LEASES_IN_SENDING },
        free: { ...SLOTS, io: SLOTS.io - 1 },
      },
      jobs: [{ id: grant.lease.job, file: fileId, kind: "image", slot: "io", fraction: 0.5 }],
    });
    expect(Date.parse(working.connected_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    await bench.finish(agent, grant);
    await eventually(async () => (await agentOf(url(), id)).done === 1);
    await agent.close();
    await eventually(async () => (await agentOf(url(), id)).connected_at === null);
    // What it did is not forgotten with its link.
    expect(await agentOf(url(), id)).toMatchObject({ state: "offline", done: 1, jobs: [] });
  });

  test("as resting, in its own words, until it takes jobs again", async () => {
    const { id, agent } = await newAgent();
    agent.send({ type: "ready", slots: { gpu: 0, cpu: 0, io: 0 }, resting: "Its hours are 22 to 7." });
    await eventually(async () => (await agentOf(url(), id)).state === "resting");
    expect(await agentOf(url(), id)).toMatchObject({ reason: "Its hours are 22 to 7." });
    agent.ready();
    await eventually(async () => (await agentOf(url(), id)).state === "online");
    await agent.close();
  });

  test("with the leases it lost, and without those it came back for", async () => {
    const { id, key, agent } = await newAgent();
    await bench.file("image");
    const grant = await agent.grant("image");
    agent.kill();
    await bench.edge.calls.tick(Date.now() + 2 * MINUTE);
    expect((await agentOf(url(), id)).losses).toBe(1);
    const lost = await jobOf(url(), grant.lease.job);
    expect(lost).toMatchObject({ state: "ready", agent: null, history: [{ agent: id, outcome: "lost" }] });
    const back = await new TestAgent(url(), key, agent.boot).connect();
    back.startSeqAt(1_000);
    expect(await back.hello([grant.lease])).toMatchObject({ adopted: [{ job: grant.lease.job }] });
    expect((await agentOf(url(), id)).losses).toBe(0);
    expect((await jobOf(url(), grant.lease.job)).history).toMatchObject([{ epoch: 2, outcome: "open" }]);
    await back.close();
  });

  test("with why its protocol is not spoken here, and what to update; a welcome ends that", async () => {
    const made = await ask<{ id: string; key: string }>(url(), "POST", "/api/agents", { label: "old" });
    const { id, key } = made.body;
    const stranger = await new TestAgent(url(), key).connect();
    // Of its hello no more is understood than this.
    stranger.sendRaw(JSON.stringify({ type: "hello", seq: 1, protocol: 0, agentVersion: "0.0.9" }));
    const closed = await eventually(() => stranger.closed);
    expect(closed).toMatchObject({
      code: 4008,
      reason: expect.stringContaining("npx capcloud-agent@latest") as string,
    });
    expect(await agentOf(url(), id)).toMatchObject({
      ...{ state: "offline", version: "0.0.9", connected_at: null },
      reason: expect.stringContaining("npx capcloud-agent@latest") as string,
    });
    const updated = await new TestAgent(url(), key).connect();
    await updated.start();
    expect(await agentOf(url(), id)).toMatchObject({ state: "online", reason: null, version: "0" });
    const newer = await new TestAgent(url(), key).connect();
    newer.sendRaw(JSON.stringify({ type: "hello", seq: 1, protocol: PROTOCOL_VERSION + 1 }));
    expect((await eventually(() => newer.closed)).reason).toContain("update this edge");
    await updated.close();
  });
});

describe("a change", () => {
  test("of label and tier counts at once, and at the next connection", async () => {
    const [low, high] = [await newAgent("low"), await newAgent("high")];
    expect((await patch(high.id, { tier: 9, label: "higher" })).body).toMatchObject({
      ...{ id: high.id, label: "higher", tier: 9, state: "online" },
    });
    await bench.file("image");
    const first = await high.agent.grant("image");
    await bench.finish(high.agent, first);
    await patch(low.id, { tier: 9 });
    await patch(high.id, { tier: 0 });
    await low.agent.close();
    low.agent = await new TestAgent(url(), low.key).connect();
    await low.agent.start();
    await bench.file("image");
    await low.agent.grant("image");
    await Promise.all([low.agent.close(), high.agent.close()]);
  });

  test.each([
    [{ tier: 10 }, 422],
    [{ tier: 1.5 }, 422],
    [{ state: "revoked" }, 422],
    [{ label: "" }, 422],
    [{}, 422],
    [{ colour: "blue" }, 422],
  ])("%j is refused", async (change, status) => {
    const made = await ask<{ id: string }>(url(), "POST", "/api/agents", { label: "x" });
    expect((await patch(made.body.id, change)).status).toBe(status);
  });

  test("of nobody is a 404", async () => {
    for (const answer of [await patch("000000000000", { tier: 1 }), await revoke("000000000000")]) {
      expect([answer.status, codeOf(answer)]).toEqual([404, "not_found"]);
    }
  });
});

describe("draining", () => {
  test("finishes what it has, gets nothing more, also after a reconnect, until it is resumed", async () => {
    const { id, key, agent } = await newAgent();
    await bench.file("image");
    const grant = await agent.grant("image");
    expect((await patch(id, { state: "draining" })).body).toMatchObject({ state: "draining" });
    await agent.until(({ type }) => type === "drain");
    const second = await bench.file("image");
    agent.ready();
    await bench.finish(agent, grant);
    await eventually(async () => (await jobOf(url(), grant.lease.job)).state === "done");
    expect(agent.grants()).toHaveLength(1);
    expect((await fleetOf(url())).queue).toMatchObject({ ready: 1, starving: 1 });

    await agent.close();
    const back = await new TestAgent(url(), key).connect();
    await back.start();
    await back.until(({ type }) => type === "drain");
    await patch(id, { state: "active" });
    await back.until(({ type }) => type === "resume");
    const next = await back.grant("image");
    expect((await jobOf(url(), next.lease.job)).file).toBe(second);
    await back.close();
  });
});

describe("pausing", () => {
  test("gives what it holds to another at once and uncharged; its late word is stale", async () => {
    const { id, agent } = await newAgent();
    await bench.file("image");
    const grant = await agent.grant("image");
    const other = await newAgent("other");
    await patch(id, { state: "paused" });
    expect(await agent.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [grant.lease.job] });
    const again = await other.agent.grant("image");
    expect(again.lease).toMatchObject({ job: grant.lease.job, epoch: 2 });
    expect(await agent.ask({ type: "release", lease: grant.lease })).toMatchObject({ reason: "stale" });
    const job = await jobOf(url(), grant.lease.job);
    expect(job).toMatchObject({ attempts: 1, losses: 0, agent: other.id });
    expect(job.history).toMatchObject([
      { epoch: 1, agent: id, outcome: "released", error: { code: "withdrawn" } },
      { epoch: 2, agent: other.id, label: "other", outcome: "open", error: null, ended_at: null },
    ]);
    await Promise.all([agent.close(), other.agent.close()]);
  });
});

describe("revoking", () => {
  test("closes the socket, gives the lease to another at once, and refuses what comes late", async () => {
    const { id, key, agent } = await newAgent();
    await bench.file("image");
    const grant = await agent.grant("image");
    const other = await newAgent("other");
    // Its words are under way while the key is revoked.
    const [answer] = await Promise.all([
      revoke(id),
      ...Array.from({ length: 20 }, () => {
        agent.ready();
        agent.send({ type: "renew", leases: [{ ...grant.lease, fraction: 0.9 }] });
        return Promise.resolve();
      }),
    ]);
    expect(answer.status).toBe(204);
    // Design: within 5 s.
    expect(await eventually(() => agent.closed, 5_000)).toMatchObject({ code: 4003 });
    const again = await other.agent.grant("image");
    expect(again.lease).toMatchObject({ job: grant.lease.job, epoch: 2 });
    expect(await jobOf(url(), grant.lease.job)).toMatchObject({ losses: 0, attempts: 1, agent: other.id });
    await expect(new TestAgent(url(), key).connect()).rejects.toThrow("401");
    expect(await agentOf(url(), id)).toMatchObject({ state: "revoked", jobs: [] });
    expect((await revoke(id)).status).toBe(204);
    expect((await patch(id, { state: "active" })).status).toBe(410);
    await other.agent.close();
  });

  test("overtakes an upgrade that was let in a moment before", async () => {
    const { id, key } = await newAgent();
    const old = (await bench.edge.sql("select * from orders where agentId = ?", id))[0];
    await revoke(id);
    // As the door would have handed it over, had it looked just before.
    await bench.edge.calls.steer({
      agentId: id,
      tier: 5,
      state: "active",
      changedAt: Number(old?.["changedAt"]),
    });
    await bench.edge.db.run(`update agents set revoked_at = null, changed_at = 1 where id = '${id}'`);
    await expect(new TestAgent(url(), key).connect()).rejects.toThrow("403");
  });

  test("that the coordinator did not hear of arrives with the next minute", async () => {
    const [gone, paused] = [await newAgent(), await newAgent()];
    await revokeAgent(bench.edge.db, gone.id, Date.now());
    await changeAgent(bench.edge.db, paused.id, { state: "draining" }, Date.now());
    expect(gone.agent.closed).toBeNull();
    await bench.edge.scheduled(Date.now());
    expect(await eventually(() => gone.agent.closed)).toMatchObject({ code: 4003 });
    await paused.agent.until(({ type }) => type === "drain");
    await paused.agent.close();
  });
});
