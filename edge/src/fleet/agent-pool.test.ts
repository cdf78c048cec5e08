/** The operator chooses an agent's pool: real workerd, an object for each pool, agents that are told to move. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startTestEdge, type TestEdge } from "../coordinator/testing/edge.ts";
import { makeResult } from "../coordinator/testing/results.ts";
import { eventually, TestAgent } from "../coordinator/testing/test-agent.ts";
import { agentOf, ask, codeOf, TOKEN } from "./testing/operator.ts";

const NOTHING = { gpu: 0, cpu: 0, io: 0 };

let edge: TestEdge;
const opened: TestAgent[] = [];

beforeAll(async () => {
  edge = await startTestEdge({ POOLS: "main, second", OPERATOR_TOKEN: TOKEN, LOG_LEVEL: "silent" });
});
afterAll(() => edge.stop());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((agent) => agent.close()));
  for (const pool of ["main", "second"]) {
    await edge.sqlOf(pool, "update jobs set state = 'cancelled' where state not in ('done', 'dead')");
  }
});

interface Known {
  agent: TestAgent;
  id: string;
  key: string;
}
async function connect(id: string, key: string, path?: string, boot?: string): Promise<Known> {
  const agent = await new TestAgent(edge.url, key, boot, path).connect();
  opened.push(agent);
  await agent.start();
  return { agent, id, key };
}
const newAgent = async () => {
  const { id, key } = await edge.agentKey();
  return connect(id, key);
};
/** Does as it is told, as an agent does. */
async function follow({ agent, id, key }: Known): Promise<Known> {
  const move = await agent.until(({ type }) => type === "move");
  await agent.close();
  return connect(id, key, move.type === "move" ? move.url : "", agent.boot);
}
const choose = (id: string, pool: unknown) => ask(edge.url, "PATCH", `/api/agents/${id}`, { pool });
const moves = ({ agent }: Known) => agent.frames.filter(({ type }) => type === "move").length;

describe("an agent's pool is chosen", () => {
  test("while it is idle: it goes at once, and is let in there when it comes anew", async () => {
    const idle = await newAgent();
    expect((await choose(idle.id, "second")).body).toMatchObject({ pool: "main", home: "second" });
    const moved = await follow(idle);
    expect(await agentOf(edge.url, idle.id)).toMatchObject({
      pool: "second",
      home: "second",
      state: "online",
    });
    await moved.agent.close();
    await connect(idle.id, idle.key);
    expect(await agentOf(edge.url, idle.id)).toMatchObject({ pool: "second", state: "online" });
  });

  test("while it holds a job: it ends that, gets nothing more, and then goes", async () => {
    const busy = await newAgent();
    const { file, outboxId } = await edge.storeFile("image");
    await edge.calls.enqueueFile(file.id, outboxId);
    const grant = await busy.agent.grant("image");
    await choose(busy.id, "second");
    const left = await edge.storeFile("image");
    const [waiting = ""] = await edge.calls.enqueueFile(left.file.id, left.outboxId);
    await busy.agent.ask({ type: "renew", leases: [{ ...grant.lease, fraction: 0.5 }] });
    expect(moves(busy)).toBe(0);
    const { uploads, result } = makeResult(grant);
    await busy.agent.complete(grant.lease, await busy.agent.upload(grant.lease, uploads), result);
    await follow(busy);
    expect(busy.agent.grants()).toHaveLength(1);
    expect(await edge.job(waiting)).toMatchObject({ state: "ready", losses: 0 });
    expect((await edge.job(grant.lease.job))["state"]).toBe("done");
  });

  test("also of one that takes nothing: paused, or resting", async () => {
    const [paused, resting] = [await newAgent(), await newAgent()];
    await ask(edge.url, "PATCH", `/api/agents/${paused.id}`, { state: "paused" });
    resting.agent.send({ type: "ready", slots: NOTHING, resting: "Its hours are 22 to 7." });
    await eventually(async () => (await agentOf(edge.url, resting.id)).state === "resting");
    await choose(paused.id, "second");
    await choose(resting.id, "second");
    await follow(paused);
    await follow(resting);
    expect(await agentOf(edge.url, paused.id)).toMatchObject({ pool: "second", state: "paused" });
  });

  test("where it is already: it stays, and what it was to leave for is over", async () => {
    const settled = await newAgent();
    const { file, outboxId } = await edge.storeFile("image");
    await edge.calls.enqueueFile(file.id, outboxId);
    const grant = await settled.agent.grant("image");
    await choose(settled.id, "second");
    expect((await choose(settled.id, "main")).body).toMatchObject({ pool: "main", home: "main" });
    const { uploads, result } = makeResult(grant);
    await settled.agent.complete(grant.lease, await settled.agent.upload(grant.lease, uploads), result);
    settled.agent.ready();
    const next = await edge.storeFile("image");
    await edge.calls.enqueueFile(next.file.id, next.outboxId);
    await eventually(() => settled.agent.grants().length === 2);
    expect(moves(settled)).toBe(0);
  });

  test("together with other things, of one that is not connected", async () => {
    const { id, key } = await edge.agentKey();
    const change = { pool: "second", label: "attic", tier: 7 };
    expect((await ask(edge.url, "PATCH", `/api/agents/${id}`, change)).body).toMatchObject({
      ...{ label: "attic", tier: 7, pool: "second", home: "second", state: "offline" },
    });
    await connect(id, key);
    expect(await agentOf(edge.url, id)).toMatchObject({ pool: "second", state: "online" });
  });

  test("while the other pool fails: that is told, and the agent is sent all the same", async () => {
    const sent = await newAgent();
    await edge.sqlOf("second", "alter table orders rename to orders_away");
    const answer = await choose(sent.id, "second");
    await edge.sqlOf("second", "alter table orders_away rename to orders");
    expect(answer.status).toBe(500);
    await follow(sent);
    expect(await agentOf(edge.url, sent.id)).toMatchObject({ pool: "second", home: "second" });
  });
});

test.each(["nowhere", "former", "", "Main", 7])("%j is refused, with those there are", async (pool) => {
  // Older files belong to it, and it gets no new ones.
  await edge.storeFile("image", undefined, "former");
  const { agent, id } = await newAgent();
  const answer = await ask(edge.url, "PATCH", `/api/agents/${id}`, { pool, label: "renamed" });
  expect([answer.status, codeOf(answer)]).toEqual([422, "invalid"]);
  if (typeof pool === "string") expect(JSON.stringify(answer.body)).toContain("main, second");
  expect(await agentOf(edge.url, id)).toMatchObject({ pool: "main", home: "main", label: "test" });
  expect(agent.frames.map(({ type }) => type)).not.toContain("move");
});
