/**
 * What the webhook's receiver hears from a real Worker: workerd, D1, the coordinator, a receiver on loopback. Time
 * passes by the cron's own `now`.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { answer, Receiver, SECRET } from "../../activity/testing/receiver.ts";
import { beginTry, dueEvents, noteFailed, tell } from "../../activity/webhook-store.ts";
import { HOUR, MINUTE } from "../../config.ts";
import { freePort } from "../../../../scripts/local-edge.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";

let edge: TestEdge;
let receiver: Receiver;
let port: number;
/** Grows from test to test, so that no event of an earlier one is due again. */
let now = Date.now();

beforeAll(async () => {
  port = await freePort();
  edge = await startTestEdge({
    ...{
      WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
      WEBHOOK_SECRET: SECRET,
      WEBHOOK_ALLOW_PRIVATE: "true",
    },
    LOG_LEVEL: "silent",
  });
  receiver = await new Receiver().listen(port);
});
afterAll(async () => {
  await edge.stop();
  await receiver.stop();
});
beforeEach(async () => {
  now += 48 * HOUR;
  await edge.clearJobs();
  for (const table of ["webhook_events", "webhook_endpoints"])
    await edge.db.$client.exec(`delete from ${table}`);
  receiver.reply = answer(204);
  receiver.received.length = 0;
});

/** The cron's minutes from here on, one after the other. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await edge.scheduled(now);
    now += MINUTE;
  }
}

async function enqueue(): Promise<string> {
  const { file, outboxId } = await edge.storeFile("image");
  const [job = ""] = await edge.calls.enqueueFile(file.id, outboxId);
  return job;
}

/** A job that somebody's agent calls impossible. */
async function deadJob(): Promise<string> {
  const job = await enqueue();
  const agent = await new TestAgent(edge.url, (await edge.agentKey()).key).connect();
  await agent.hello();
  agent.ready();
  const { lease } = await agent.grant("image");
  await agent.ask({ type: "fail", lease, class: "permanent", code: "corrupt", message: "It is broken." });
  agent.kill();
  await eventually(async () => (await edge.job(job))["state"] === "dead");
  return job;
}

const types = () => receiver.received.map(({ body }) => body.type);

test("jobs that nobody can do call for agents once, again every ten minutes, and say when it is over", async () => {
  await enqueue();
  await enqueue();
  await pass(25);
  expect(types()).toEqual(["fleet.wanted", "fleet.wanted", "fleet.wanted"]);
  expect(receiver.received[0]).toMatchObject({
    genuine: true,
    body: { data: { pool: "main", reason: "starving", jobs_waiting: 2, starving: 2, agents_online: 0 } },
  });
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(3);
  await edge.clearJobs();
  await pass(15);
  expect(types().slice(3)).toEqual(["fleet.satisfied"]);
});

test("where an agent can do what waits, nobody is called until it has waited too long", async () => {
  const agent = await new TestAgent(edge.url, (await edge.agentKey()).key).connect();
  await agent.hello();
  agent.ready({ gpu: 0, cpu: 0, io: 0 });
  const job = await enqueue();
  now = Date.now();
  await pass(5);
  expect(types()).toEqual([]);
  await pass(2);
  expect(receiver.received).toMatchObject([{ body: { type: "fleet.wanted", data: { reason: "waiting" } } }]);
  expect((await edge.job(job))["state"]).toBe("ready");
  agent.kill();
  now += 48 * HOUR;
});

test("a job that died is told once, with why", async () => {
  const job = await deadJob();
  await eventually(async () => {
    await pass(1);
    return receiver.received.length > 0;
  });
  await pass(30);
  expect(receiver.received).toMatchObject([
    {
      genuine: true,
      body: { type: "job.dead", data: { job, error: { code: "corrupt", message: "It is broken." } } },
    },
  ]);
});

test("a receiver that dies with an event in its hands gets it again, under the same id, signed anew", async () => {
  receiver.reply = (request) => void request.socket.destroy();
  await deadJob();
  await eventually(async () => {
    await pass(1);
    return receiver.received.length > 0;
  });
  receiver.reply = answer(200);
  await pass(10);
  const [first, ...again] = receiver.received;
  expect(again).toHaveLength(1);
  expect(again[0]).toMatchObject({ id: first?.id, body: first?.body, genuine: true });
});

test("a receiver that fails gets eight more tries over a day, and then nothing any more", async () => {
  receiver.reply = answer(500);
  await deadJob();
  await eventually(async () => {
    await pass(1);
    return receiver.received.length > 0;
  });
  // Looked at twice an hour only, the pauses add up to some more than their day.
  for (let hour = 0; hour < 28; hour++) {
    await pass(2);
    now += 58 * MINUTE;
  }
  expect(receiver.received).toHaveLength(9);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
  receiver.reply = answer(204);
  await deadJob();
  await pass(20);
  expect(receiver.received).toHaveLength(9);
});

test("one that answers 410 is asked no more", async () => {
  receiver.reply = answer(410);
  await enqueue();
  await pass(30);
  expect(receiver.received).toHaveLength(1);
});

test("a call that nobody took gives way to the next one", async () => {
  await receiver.stop();
  await enqueue();
  await pass(12);
  receiver = await new Receiver().listen(port);
  await pass(1);
  await edge.clearJobs();
  await pass(30);
  expect(types().filter((type) => type === "fleet.wanted").length).toBeLessThanOrEqual(1);
  expect(types().at(-1)).toBe("fleet.satisfied");
});

test("of two passes that see the same event due one tries it", async () => {
  await tell(edge.db, { id: "one", type: "job.dead", topic: "job", since: now, data: {} }, now);
  const [event] = await dueEvents(edge.db, now, 1);
  if (!event) throw new Error("nothing is due");
  const tries = await Promise.all([beginTry(edge.db, event, now), beginTry(edge.db, event, now)]);
  expect(tries.filter(Boolean)).toHaveLength(1);
});

test("two passes at once send an event once", async () => {
  await enqueue();
  now += MINUTE;
  await Promise.all([edge.scheduled(now), edge.scheduled(now), edge.scheduled(now)]);
  expect(types()).toEqual(["fleet.wanted"]);
});

test("an event that gave way while it was being sent does not come back when that fails", async () => {
  const call = { type: "fleet.wanted", topic: "fleet main", since: now, data: {} } as const;
  await tell(edge.db, { ...call, id: "first" }, now);
  await tell(edge.db, { ...call, id: "second" }, now + 1);
  await noteFailed(edge.db, "first", "waiting", "key", "answered 500", now + 2);
  const rows = await edge.db.query.webhookEvents.findMany();
  expect(rows.map(({ id, state }) => [id, state])).toEqual([
    ["first", "superseded"],
    ["second", "waiting"],
  ]);
});
