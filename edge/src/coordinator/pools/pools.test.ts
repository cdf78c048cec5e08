/** Two pools and those that were: real workerd, D1, an object for each pool, agents that are told to move. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eq } from "drizzle-orm";
import { answer, Receiver, SECRET } from "../../activity/testing/receiver.ts";
import { findFile } from "../../catalog/files.ts";
import { listPools } from "../../catalog/pools.ts";
import { MINUTE, SECOND } from "../../config.ts";
import { agents as agentRows } from "../../db/schema.ts";
import { agentOf, ask, BEARER, fleetOf, TOKEN, type Fleet } from "../../fleet/testing/operator.ts";
import type { JobView } from "../../fleet/job-view.ts";
import { freePort } from "../../../../scripts/local-edge.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";

const PNG = new Uint8Array([
  0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
]);

let edge: TestEdge;
let receiver: Receiver;
const opened: TestAgent[] = [];

beforeAll(async () => {
  const port = await freePort();
  edge = await startTestEdge({
    ...{ POOLS: "main, second", OPERATOR_TOKEN: TOKEN, LOG_LEVEL: "silent" },
    WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
    ...{ WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: "true" },
  });
  receiver = await new Receiver().listen(port);
  receiver.reply = answer(204);
});
afterAll(async () => {
  await edge.stop();
  await receiver.stop();
});
beforeEach(() => void (receiver.received.length = 0));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((agent) => agent.close()));
  for (const pool of ["main", "second", "former"]) {
    await edge.sqlOf(pool, "update jobs set state = 'cancelled' where state not in ('done', 'dead')");
  }
  await edge.db.run("update work_outbox set sent_at = 1");
});

interface Known {
  agent: TestAgent;
  id: string;
  key: string;
}

async function connect(
  { id, key }: { id: string; key: string },
  path?: string,
  boot?: string,
): Promise<Known> {
  const agent = await new TestAgent(edge.url, key, boot, path).connect();
  opened.push(agent);
  if (boot !== undefined) agent.startSeqAt(10_000);
  await agent.start();
  return { agent, id, key };
}
const newAgent = async (path?: string) => connect(await edge.agentKey(), path);

/** Does as it is told, as an agent does. */
async function follow({ agent, id, key }: Known): Promise<Known> {
  const move = await agent.until(({ type }) => type === "move");
  await agent.close();
  return connect({ id, key }, move.type === "move" ? move.url : "", agent.boot);
}

/** Does so many jobs, one after the other. */
async function work({ agent }: Known, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
    agent.ready();
  }
}

async function fileIn(pool: string, kind: "image" | "video" = "image"): Promise<{ id: string; job: string }> {
  const { file, outboxId } = await edge.storeFile(kind, undefined, pool);
  const [job = ""] = await edge.callsOf(pool).enqueueFile(file.id, outboxId);
  return { id: file.id, job };
}

const upload = async (name: string) => {
  const response = await fetch(`${edge.url}/${name}`, {
    ...{ method: "PUT", body: PNG, headers: { accept: "application/json" } },
  });
  return response.json<{ id: string; jobs: string[]; delete_url: string }>();
};
const settled = (id: string) =>
  eventually(async () => (await findFile(edge.db, id))?.status === "ready" && id);
const soon = () => Date.now() + 10 * SECOND;
const jobsOf = async (query = "") =>
  (await ask<{ jobs: JobView[]; next: string | null }>(edge.url, "GET", `/api/jobs${query}`)).body;

test("uploads spread over both pools, and one agent does them all, in one pool after the other", async () => {
  const mover = await newAgent();
  const uploads = await Promise.all(Array.from({ length: 10 }, (_, at) => upload(`${at}.png`)));
  const rows = await Promise.all(uploads.map(({ id }) => findFile(edge.db, id)));
  const pools = rows.map((row) => row?.pool ?? "");
  expect(new Set(pools)).toEqual(new Set(["main", "second"]));
  expect(uploads.map(({ jobs: [job = ""] }) => job.split(".")[0])).toEqual(pools);

  await work(mover, pools.filter((pool) => pool === "main").length);
  expect(await agentOf(edge.url, mover.id)).toMatchObject({ pool: "main", state: "online" });
  await edge.scheduled(soon());
  const moved = await follow(mover);
  await work(moved, pools.filter((pool) => pool === "second").length);
  await Promise.all(uploads.map(({ id }) => settled(id)));
  const view = (await fleetOf(edge.url)).agents.filter(({ id }) => id === mover.id);
  expect(view).toMatchObject([{ pool: "second", state: "online", done: 10 }]);
  expect(receiver.received).toEqual([]);
});

describe("an agent on its way", () => {
  test("holds nothing: a lease keeps it where it is", async () => {
    const held = await newAgent();
    await fileIn("main");
    const grant = await held.agent.grant("image");
    await fileIn("second");
    await edge.scheduled(soon());
    await held.agent.ask({ type: "renew", leases: [{ ...grant.lease, fraction: 0.5 }] });
    expect(held.agent.frames.map(({ type }) => type)).not.toContain("move");

    const { uploads, result } = makeResult(grant);
    await held.agent.complete(grant.lease, await held.agent.upload(grant.lease, uploads), result);
    held.agent.ready();
    await edge.scheduled(soon());
    await work(await follow(held), 1);
  });

  test("one that is borrowed ends what it has, gets nothing more, and then goes", async () => {
    const borrowed = await newAgent();
    await fileIn("main");
    const grant = await borrowed.agent.grant("image");
    expect(await edge.calls.moveAgents([borrowed.id], "second", "idle")).toEqual([]);
    expect(await edge.calls.moveAgents([borrowed.id], "second", "free")).toEqual([borrowed.id]);
    const left = await fileIn("main");
    const { uploads, result } = makeResult(grant);
    await borrowed.agent.complete(grant.lease, await borrowed.agent.upload(grant.lease, uploads), result);
    borrowed.agent.ready();
    await borrowed.agent.until(({ type }) => type === "move");
    borrowed.agent.ready();
    await edge.calls.tick(Date.now());
    expect(borrowed.agent.grants()).toHaveLength(1);
    expect(await edge.job(left.job)).toMatchObject({ state: "ready", epoch: 0 });
  });

  test("is marked so through the object's sleep", async () => {
    const sleeper = await newAgent();
    expect(await edge.calls.moveAgents([sleeper.id], "second", "idle")).toEqual([sleeper.id]);
    await edge.evict("hibernate");
    await fileIn("main");
    await edge.calls.tick(Date.now());
    expect(sleeper.agent.grants()).toEqual([]);
  });
});

describe("a file of the second pool", () => {
  test("is watched, listed, shown and retried where its jobs are", async () => {
    const there = await newAgent("/agent?pool=second");
    const { id, job } = await fileIn("second");
    const grant = await there.agent.grant("image");
    await there.agent.ask({ type: "renew", leases: [{ ...grant.lease, fraction: 0.5 }] });
    const record = await ask<{ progress: { fraction: number; agents: number } }>(
      edge.url,
      "GET",
      `/api/files/${id}`,
    );
    expect(record.body.progress).toMatchObject({ fraction: 0.5, agents: 1 });
    expect(await jobsOf(`?file=${id}`)).toMatchObject({ jobs: [{ id: job, state: "leased" }], next: null });
    expect((await ask(edge.url, "GET", `/api/jobs/${job}`)).body).toMatchObject({ id: job, agent: there.id });
    expect((await ask(edge.url, "GET", `/api/files/${id}/jobs`)).body).toMatchObject({ jobs: [{ id: job }] });

    const error = { class: "permanent", code: "corrupt", message: "It is broken." } as const;
    await there.agent.ask({ type: "fail", lease: grant.lease, ...error });
    await eventually(async () => (await edge.callsOf("second").findJob(job))?.state === "dead");
    expect((await ask(edge.url, "POST", `/api/files/${id}/retry`)).body).toMatchObject({ retried: 1 });
    there.agent.ready();
    await work(there, 1);
    await settled(id);
  });

  test("its stream of events and a viewer hear of what is made", async () => {
    const there = await newAgent("/agent?pool=second");
    const { id } = await fileIn("second", "video");
    const events = await fetch(`${edge.url}/api/files/${id}/events`);
    await eventually(async () => (await edge.callsOf("second").status()).waits > 0);
    const master = fetch(`${edge.url}/${id}/hls/master.m3u8`);
    const grant = await there.agent.grant("inspect");
    const { uploads, result } = makeResult(grant);
    await there.agent.complete(grant.lease, await there.agent.upload(grant.lease, uploads), result);
    expect((await master).status).toBe(200);
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    await eventually(async () => {
      heard += (await reader?.read())?.value ?? "";
      return heard.split("event: state").length > 2;
    });
    await reader?.cancel();
  });

  test("its deletion takes the job from the agent that has it", async () => {
    const there = await newAgent("/agent?pool=second");
    let kept = await upload("doomed.png");
    while (kept.jobs[0]?.startsWith("main.")) kept = await upload("doomed.png");
    await eventually(() => there.agent.grants().length > 0);
    const { pathname, search } = new URL(kept.delete_url);
    expect((await ask(edge.url, "DELETE", `${pathname}${search}`, undefined, {})).status).toBe(204);
    const cancel = await there.agent.until(({ type }) => type === "cancel");
    expect(cancel).toMatchObject({ jobs: kept.jobs });
  });
});

describe("the door", () => {
  const poolsOf = async (id: string) => {
    const names = ["main", "second", "former", "nowhere"];
    const fleets = await Promise.all(names.map((name) => edge.callsOf(name).fleet()));
    return names.filter((_, at) =>
      fleets[at]?.agents.some((one) => one.id === id && one.connectedAt !== null),
    );
  };

  test("lets an agent in where it was told to go, else at home, else in the first pool", async () => {
    const lost = await newAgent("/agent?pool=nowhere");
    expect(await poolsOf(lost.id)).toEqual(["main"]);
    const sent = await newAgent("/agent?pool=second");
    expect(await poolsOf(sent.id)).toEqual(["second"]);
    const settler = await edge.agentKey();
    await edge.db.update(agentRows).set({ pool: "second" }).where(eq(agentRows.id, settler.id));
    await connect(settler);
    expect(await poolsOf(settler.id)).toEqual(["second"]);
  });

  test("is shut for a revoked agent in whichever pool it is", async () => {
    const there = await newAgent("/agent?pool=second");
    expect((await ask(edge.url, "DELETE", `/api/agents/${there.id}`)).status).toBe(204);
    expect(await eventually(() => there.agent.closed)).toMatchObject({ code: 4003 });
  });
});

test("a pool that gets no new files any more is worked off, and then left", async () => {
  expect(await listPools(edge.db)).toEqual(["second"]);
  const { file } = await edge.storeFile("image", undefined, "former");
  expect(await listPools(edge.db)).toEqual(["former", "second"]);
  const helper = await newAgent();
  await edge.scheduled(Date.now() + 40 * SECOND);
  await edge.scheduled(Date.now() + 50 * SECOND);
  const there = await follow(helper);
  expect((await agentOf(edge.url, helper.id)).pool).toBe("former");
  expect(await jobsOf("?state=leased")).toMatchObject({ jobs: [{ file: file.id }] });
  await work(there, 1);
  await settled(file.id);
  await edge.scheduled(soon());
  const home = await follow(there);
  expect((await agentOf(edge.url, home.id)).pool).toBe("main");
});

test("a job of a pool that never was is none, and no object is asked", async () => {
  // An object of that name has it; but no file belongs there.
  const { file, outboxId } = await edge.storeFile("image");
  const [job = ""] = await edge.callsOf("nowhere").enqueueFile(file.id, outboxId);
  expect(job).toBe(`nowhere.${outboxId}`);
  expect((await ask(edge.url, "GET", `/api/jobs/${job}`)).status).toBe(404);
  expect((await ask(edge.url, "POST", `/api/jobs/${job}/cancel`)).status).toBe(404);
});

test("figures tell of each pool by its name, health of all together", async () => {
  await fileIn("second");
  const metrics = await (await fetch(`${edge.url}/metrics`, { headers: BEARER })).text();
  expect(metrics).toContain('capcloud_jobs{pool="main",state="ready"} 0');
  expect(metrics).toContain('capcloud_jobs{pool="second",state="ready"} 1');
  const health = await (await fetch(`${edge.url}/healthz`)).json<{ coordinator: object }>();
  expect(health.coordinator).toMatchObject({ state: "ok", waiting: 1, starving: 1 });
  const { queue } = (await ask<Fleet>(edge.url, "GET", "/api/agents")).body;
  expect(queue).toMatchObject({ ready: 1, starving: 1 });
});

test("nobody is woken for what an agent of another pool will do; if none is there somebody is", async () => {
  await newAgent();
  await fileIn("second");
  const now = Date.now() + MINUTE;
  await edge.scheduled(now);
  expect(receiver.received).toEqual([]);
  // It was told to move, and did not come.
  await edge.scheduled(now + MINUTE);
  expect(receiver.received.map(({ body }) => [body.type, body.data["pool"]])).toEqual([
    ["fleet.wanted", "second"],
  ]);
});
