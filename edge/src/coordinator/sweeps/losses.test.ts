/** What the webhook's receiver hears of agents that vanish: real workerd and D1; time passes by the cron's own `now`. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { answer, Receiver, SECRET } from "../../activity/testing/receiver.ts";
import { revokeAgent } from "../../catalog/agents.ts";
import { HOUR, MINUTE } from "../../config.ts";
import { freePort } from "../../../../scripts/local-edge.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";

let edge: TestEdge;
let receiver: Receiver;
/** Leases have run out by then, and no attempt has lasted too long. */
let now: number;
const opened: TestAgent[] = [];

beforeAll(async () => {
  const port = await freePort();
  edge = await startTestEdge({
    ...{ WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, WEBHOOK_SECRET: SECRET },
    ...{ WEBHOOK_ALLOW_PRIVATE: "true", LOG_LEVEL: "silent" },
  });
  receiver = await new Receiver().listen(port);
  receiver.reply = answer(204);
});
afterAll(async () => {
  await edge.stop();
  await receiver.stop();
});
beforeEach(() => {
  now = Date.now() + 3 * MINUTE;
  receiver.received.length = 0;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((agent) => agent.close()));
  await edge.clearJobs();
});

/** The cron's minutes from here on, one after the other. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await edge.scheduled(now);
    now += MINUTE;
  }
}
const losses = () => receiver.received.filter(({ body }) => body.type === "agent.lost");

interface Holder {
  agent: TestAgent;
  id: string;
  key: string;
}

async function connect(key: string, path?: string, boot?: string): Promise<TestAgent> {
  const agent = await new TestAgent(edge.url, key, boot, path).connect();
  opened.push(agent);
  if (boot !== undefined) agent.startSeqAt(10_000);
  return agent;
}

/** An agent that holds so many leases. */
async function holder(count: number, pool = "main"): Promise<Holder> {
  const { id, key } = await edge.agentKey("attic");
  for (let job = 0; job < count; job++) {
    const { file, outboxId } = await edge.storeFile("image", undefined, pool);
    await edge.callsOf(pool).enqueueFile(file.id, outboxId);
  }
  const agent = await connect(key, `/agent?pool=${pool}`);
  await agent.start([], ["image"], { gpu: 0, cpu: 0, io: count });
  await eventually(() => agent.grants().length === count);
  return { agent, id, key };
}
async function vanish({ agent, id }: Holder, pool = "main"): Promise<void> {
  agent.kill();
  await eventually(async () => {
    const { agents } = await edge.callsOf(pool).fleet();
    return agents.some((one) => one.id === id && one.connectedAt === null);
  });
}

test("an agent that vanished with several jobs is told of once, a minute after they went to others", async () => {
  const lost = await holder(3);
  await vanish(lost);
  await pass(1);
  const since = new Date(now - MINUTE).toISOString();
  expect(losses()).toEqual([]);
  await pass(1);
  expect(losses()).toMatchObject([
    {
      genuine: true,
      body: { type: "agent.lost", data: { agent: lost.id, label: "attic", pool: "main", since, leases: 3 } },
    },
  ]);
  await pass(30);
  expect(losses()).toHaveLength(1);
  // Its id alone would keep it from being told twice, but only for as long as events are kept.
  expect(await edge.calls.lostAgents([], now)).toEqual([]);
});

test("back within the minute it was never lost; lost once more later, it is told of again", async () => {
  const lost = await holder(1);
  await vanish(lost);
  await pass(1);
  const [grant] = lost.agent.grants();
  const back = await connect(lost.key, "/agent", lost.agent.boot);
  expect(await back.hello(grant ? [grant.lease] : [])).toMatchObject({
    adopted: [{ job: grant?.lease.job }],
  });
  await vanish({ ...lost, agent: back });
  await pass(1);
  expect(losses()).toEqual([]);
  await pass(3);
  expect(losses()).toHaveLength(1);
  const [first] = losses();
  const again = await connect(lost.key);
  await again.start();
  await eventually(() => again.grants().length > 0);
  await vanish({ ...lost, agent: again });
  await pass(5);
  expect(losses()).toHaveLength(2);
  expect(losses()[1]?.id).not.toBe(first?.id);
});

test("nobody is told of one that lost a lease and not its link, that held nothing, or whose key ended", async () => {
  const [here, revoked] = [await holder(1), await holder(1)];
  await vanish(revoked);
  const { id, key } = await edge.agentKey();
  const idle = { id, key, agent: await connect(key) };
  await idle.agent.start([], ["video"]);
  await pass(1);
  await vanish(idle);
  await revokeAgent(edge.db, revoked.id, now - MINUTE);
  await pass(5);
  expect(losses()).toEqual([]);
  // That counts for nothing when it vanishes later.
  here.agent.ready({ gpu: 0, cpu: 0, io: 1 });
  await eventually(() => here.agent.grants().length === 2);
  await vanish(here);
  await pass(5);
  expect(losses()).toMatchObject([{ body: { data: { agent: here.id, leases: 1 } } }]);
});

test("nobody is told of one that is there in another pool", async () => {
  const moved = await holder(1, "former");
  await vanish(moved, "former");
  await (await connect(moved.key)).start();
  await pass(5);
  expect(losses()).toEqual([]);
  await edge.sqlOf("former", "update jobs set state = 'cancelled'");
});

test("what is long over is nobody's news", async () => {
  await vanish(await holder(1));
  await edge.calls.tick(now);
  now += 2 * HOUR;
  await pass(5);
  expect(losses()).toEqual([]);
});
