import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enrolments } from "../db/schema.ts";
import { newCode, readCode } from "../catalog/enrolments.ts";
import { startTestEdge, type TestEdge } from "../coordinator/testing/edge.ts";
import { TestAgent } from "../coordinator/testing/test-agent.ts";
import { agentOf, ask, codeOf, fleetOf, TOKEN } from "./testing/operator.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ OPERATOR_TOKEN: TOKEN });
});
afterAll(() => edge.stop());

interface Asked {
  code: string;
  poll_token: string;
  url: string;
  expires_at: string;
  interval_s: number;
}
interface Polled {
  state: string;
  id: string;
  key: string;
}

let addresses = 0;
const begin = async (address = `198.51.100.${(addresses += 1)}`) =>
  ask<Asked>(
    edge.url,
    "POST",
    "/api/enrolments",
    { label: "attic", platform: "linux x64" },
    { "cf-connecting-ip": address },
  );
const poll = ({ code, poll_token }: Pick<Asked, "code" | "poll_token">) =>
  ask<Polled>(edge.url, "GET", `/api/enrolments/${code}`, undefined, {
    authorization: `Bearer ${poll_token}`,
  });
const confirm = ({ code }: Asked, wishes: unknown = {}) =>
  ask(edge.url, "POST", `/api/enrolments/${code}/confirm`, wishes);

test("a machine asks, the operator sees who and says yes, the machine fetches its key and connects", async () => {
  const { status, body: asked } = await begin("2001:db8:1:2::9");
  expect(status).toBe(201);
  expect(asked.code).toMatch(/^[C-Y3-9]{4}-[C-Y3-9]{4}$/);
  expect(asked.url).toBe(`${edge.url}/agents/enroll?code=${asked.code}`);
  expect(Date.parse(asked.expires_at) - Date.now()).toBeGreaterThan(9 * 60_000);
  expect((await poll(asked)).status).toBe(202);

  const request = await ask(edge.url, "GET", `/api/enrolments/${asked.code}/request`);
  expect(request.body).toMatchObject({
    ...{ label: "attic", platform: "linux x64", state: "waiting", agent: null },
    address: "2001:db8:1:2::/64",
  });
  const confirmed = await confirm(asked, { label: "attic, left", tier: 7 });
  expect(confirmed.body).toMatchObject({ state: "confirmed", label: "attic, left" });

  const fetched = await poll(asked);
  expect(fetched).toMatchObject({ status: 200, body: { state: "confirmed", id: confirmed.body["agent"] } });
  // The answer may have been lost: the same once more.
  expect((await poll(asked)).body).toEqual(fetched.body);

  const agent = await new TestAgent(edge.url, fetched.body.key).connect();
  await agent.start();
  expect(await agentOf(edge.url, fetched.body.id)).toMatchObject({
    ...{ label: "attic, left", tier: 7, state: "online" },
  });
  // From now on its key is told to nobody.
  expect(await poll(asked)).toMatchObject({ status: 410 });
  await agent.close();
});

test("neither key nor poll token is written down", async () => {
  const { body: asked } = await begin();
  await confirm(asked);
  const { key } = (await poll(asked)).body;
  const rows = JSON.stringify(await edge.db.select().from(enrolments));
  expect(rows).toContain(asked.code);
  expect(rows).not.toContain(asked.poll_token);
  expect(rows).not.toContain(key.split("_")[2]);
});

describe("a key is not given", () => {
  test("to another poll token, to none, nor for a code that never was", async () => {
    const [{ body: asked }, { body: other }] = [await begin(), await begin()];
    await confirm(asked);
    expect(await poll({ ...asked, poll_token: other.poll_token })).toMatchObject({ status: 401 });
    expect(await poll({ ...asked, poll_token: `${asked.poll_token}x` })).toMatchObject({ status: 401 });
    expect((await ask(edge.url, "GET", `/api/enrolments/${asked.code}`, undefined, {})).status).toBe(401);
    expect(await poll({ ...asked, code: "CCCC-CCCC" })).toMatchObject({ status: 401 });
    // The operator's token is no poll token.
    expect((await ask(edge.url, "GET", `/api/enrolments/${asked.code}`)).status).toBe(401);
  });

  test("after it was declined, and confirming comes too late then", async () => {
    const { body: asked } = await begin();
    const decline = () => ask(edge.url, "POST", `/api/enrolments/${asked.code}/decline`);
    expect((await decline()).status).toBe(204);
    expect((await decline()).status).toBe(204);
    const refused = await poll(asked);
    expect([refused.status, codeOf(refused)]).toEqual([410, "gone"]);
    expect((await confirm(asked)).status).toBe(409);
  });

  test("after it expired, confirmed or not", async () => {
    const [{ body: late }, { body: unfetched }] = [await begin(), await begin()];
    await confirm(unfetched);
    await edge.db.run("update enrolments set expires_at = 1");
    for (const asked of [late, unfetched]) expect((await poll(asked)).status).toBe(410);
    expect((await confirm(late)).status).toBe(410);
    const request = await ask(edge.url, "GET", `/api/enrolments/${late.code}/request`);
    expect(request.body).toMatchObject({ state: "expired" });
  });

  test("of an agent that was revoked before it came", async () => {
    const { body: asked } = await begin();
    const { agent } = (await confirm(asked)).body as { agent: string };
    expect((await ask(edge.url, "DELETE", `/api/agents/${agent}`)).status).toBe(204);
    expect((await poll(asked)).status).toBe(410);
  });
});

test("a code is good for one agent, however often it is confirmed", async () => {
  const { body: asked } = await begin();
  const before = (await fleetOf(edge.url)).agents.length;
  const answers = await Promise.all([confirm(asked), confirm(asked), confirm(asked, { label: "another" })]);
  expect(new Set(answers.map(({ body }) => (body as { agent: string }).agent)).size).toBe(1);
  expect((await fleetOf(edge.url)).agents).toHaveLength(before + 1);
});

test("one address cannot ask for any number of codes, also not at once", async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => begin("192.0.2.1")));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(20);
  expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  expect((await begin("192.0.2.2")).status).toBe(201);
});

test("a code is read as people type it, and has no letters that look alike", () => {
  expect(readCode(" cdfg hjkm ")).toBe("CDFG-HJKM");
  expect(readCode("cdfghjkm")).toBe("CDFG-HJKM");
  expect(readCode("CDFG-HJKM")).toBe("CDFG-HJKM");
  const codes = Array.from({ length: 500 }, () => newCode());
  expect(new Set(codes).size).toBe(500);
  expect(codes.join("")).not.toMatch(/[01258ILOZSBUAE]/);
});
