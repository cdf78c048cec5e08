/** `/metrics` and `/api/webhook` of a real Worker: what is told, to whom, and what outlives a restart. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Receiver, SECRET } from "../activity/testing/receiver.ts";
import { startTestEdge, type TestEdge } from "../coordinator/testing/edge.ts";
import { makeResult } from "../coordinator/testing/results.ts";
import { eventually, TestAgent } from "../coordinator/testing/test-agent.ts";

const METRICS_TOKEN = "ccm_0123456789abcdefghijklmn";
const OPERATOR_TOKEN = "operator-token-of-these-tests";
let edge: TestEdge;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await new Receiver().listen();
  edge = await startTestEdge({
    ...{ METRICS_TOKEN, OPERATOR_TOKEN },
    ...{ WEBHOOK_URL: `${receiver.url}/hook?token=hidden`, WEBHOOK_SECRET: SECRET },
    WEBHOOK_ALLOW_PRIVATE: "true",
  });
});
afterAll(async () => {
  await edge.stop();
  await receiver.stop();
});

const ask = (path: string, token: string | null, method = "GET") =>
  fetch(`${edge.url}${path}`, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });

async function metric(name: string): Promise<number | null> {
  const text = await (await ask("/metrics", METRICS_TOKEN)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length));
}

async function enqueue(): Promise<void> {
  const { file, outboxId } = await edge.storeFile("image");
  await edge.calls.enqueueFile(file.id, outboxId);
}

async function connect(): Promise<TestAgent> {
  const agent = await new TestAgent(edge.url, (await edge.agentKey()).key).connect();
  await agent.hello();
  agent.ready();
  return agent;
}

test("figures are for the operator and for the token of metrics, and that token opens nothing else", async () => {
  expect((await ask("/metrics", null)).status).toBe(401);
  expect((await ask("/metrics", `${METRICS_TOKEN}x`)).status).toBe(401);
  expect((await ask("/metrics", OPERATOR_TOKEN)).status).toBe(200);
  expect((await ask("/api/webhook", METRICS_TOKEN)).status).toBe(401);
  // A scraper's token is no guess at the operator's.
  for (let scrape = 0; scrape < 15; scrape++) expect((await ask("/metrics", METRICS_TOKEN)).status).toBe(200);
  expect((await ask("/metrics", OPERATOR_TOKEN)).status).toBe(200);
  const { headers } = await ask("/metrics", METRICS_TOKEN);
  expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
});

test("what waits for agents that are not there is seen, until one has come", async () => {
  await enqueue();
  expect(await metric('capcloud_jobs_starving{pool="main"}')).toBe(1);
  expect(await metric('capcloud_jobs_waiting{pool="main",needs="io",class="stills"}')).toBe(1);
  expect(await (await ask("/healthz", null)).json()).toMatchObject({
    coordinator: { waiting: 1, starving: 1 },
  });
  const agent = await connect();
  const grant = await agent.grant("image");
  expect(await metric('capcloud_jobs_starving{pool="main"}')).toBe(0);
  expect(await metric('capcloud_agents{state="online"}')).toBe(1);
  expect(await metric('capcloud_slots{class="io",use="busy"}')).toBe(1);
  expect(await metric('capcloud_slots{class="io",use="free"}')).toBe(3);
  const { uploads, result } = makeResult(grant);
  await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
  const done = 'capcloud_jobs_finished_total{pool="main",kind="image",outcome="done"}';
  await eventually(async () => (await metric(done)) === 1);
  expect(await metric('capcloud_job_seconds_count{pool="main",kind="image"}')).toBe(1);
  expect(await metric('capcloud_job_seconds_sum{pool="main",kind="image"}')).toBeGreaterThan(0);
  agent.kill();
});

/** Past what a closed socket leaves of a lease. */
const in20s = () => String(Date.now() + 20_000);

test("counters outlive the object, and a lost lease is counted once", async () => {
  await enqueue();
  const agent = await connect();
  await agent.grant("image");
  agent.kill();
  const lost = 'capcloud_leases_lost_total{pool="main"}';
  await eventually(
    async () => (await edge.sql("select 1 from jobs where leaseEnd > ?", in20s())).length === 0,
  );
  await edge.calls.tick(Number(in20s()));
  await eventually(async () => (await metric(lost)) === 1);
  await edge.evict("close");
  expect(await metric(lost)).toBe(1);
  expect(await metric('capcloud_jobs_finished_total{pool="main",kind="image",outcome="done"}')).toBe(1);
  await edge.clearJobs();
});

test("what is counted is folded by itself, with nobody looking", async () => {
  await enqueue();
  const agent = await connect();
  const { lease } = await agent.grant("image");
  await agent.ask({ type: "fail", lease, class: "permanent", code: "corrupt", message: "It is broken." });
  await eventually(async () => {
    const [row] = await edge.sql("select value from counters where name = 'finished image dead'");
    return row?.["value"] === 1;
  });
  agent.kill();
});

test("a test event arrives, the operator sees how the receiver fares, and nobody sees its whole address", async () => {
  expect(await (await ask("/api/webhook/test", OPERATOR_TOKEN, "POST")).json()).toMatchObject({
    delivered: true,
  });
  expect(receiver.ofType("webhook.test")).toMatchObject([{ genuine: true, path: "/hook?token=hidden" }]);
  const seen = await (await ask("/api/webhook", OPERATOR_TOKEN)).text();
  expect(JSON.parse(seen)).toMatchObject({ receiver: { origin: receiver.url, disabled_at: null } });
  expect(seen).not.toContain("hidden");
  expect((await ask("/api/webhook/test", null, "POST")).status).toBe(401);
});

test("a disabled receiver is told of, and in use again once a test event arrived", async () => {
  receiver.reply = (_, response) => response.writeHead(410).end();
  await enqueue();
  await edge.scheduled(Date.now() + 60_000);
  expect(await metric("capcloud_webhook_disabled")).toBe(1);
  const refused = await ask("/api/webhook/test", OPERATOR_TOKEN, "POST");
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("410");
  receiver.reply = (_, response) => response.writeHead(204).end();
  expect((await ask("/api/webhook/test", OPERATOR_TOKEN, "POST")).status).toBe(200);
  expect(await metric("capcloud_webhook_disabled")).toBe(0);
  receiver.received.length = 0;
  await edge.scheduled(Date.now() + 11 * 60_000);
  expect(receiver.ofType("fleet.wanted")).toHaveLength(1);
});
