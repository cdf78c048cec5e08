/** The wire as the coordinator speaks it in real workerd: repeated, broken, foreign and unwelcome frames. */
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { MAX_FRAME_BYTES, PROTOCOL_VERSION, SUBPROTOCOL } from "#protocol";
import { revokeAgent } from "../../catalog/agents.ts";
import { useBench } from "../testing/bench.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, TestAgent } from "../testing/test-agent.ts";

const bench = useBench();

describe("a frame that comes twice changes nothing and gets the same answer (I8)", () => {
  test("complete, across the object's sleep too", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    const objects = await agent.upload(grant.lease, uploads);
    const first = await agent.complete(grant.lease, objects, result, 500);
    await eventually(async () => (await bench.edge.jobs(fileId))[0]?.["state"] === "done");
    await eventually(async () => (await bench.edge.sql("select * from outbox")).length === 0);
    const before = await bench.edge.state();
    expect(await agent.complete(grant.lease, objects, result, 500)).toEqual(first);
    await bench.edge.evict("hibernate");
    expect(await agent.complete(grant.lease, objects, result, 500)).toEqual(first);
    // Also under a new number: the attempt is known by its epoch and secret.
    expect(await agent.complete(grant.lease, objects, result)).toMatchObject({ type: "accepted" });
    expect(await bench.edge.state()).toBe(before);
  });

  test("sign gives the same keys, renew and fail are counted once", async () => {
    const agent = await bench.agent();
    await bench.file("image");
    const { lease } = await agent.grant("image");
    const outputs = [{ name: "thumbnail.webp", size: 70, type: "image/webp" }];
    const sign = { type: "sign" as const, lease, inputs: ["original"], outputs, parts: [] };
    const first = await agent.ask(sign, 600);
    expect(await agent.ask(sign, 600)).toEqual(first);
    const fresh = await agent.ask(sign);
    const pathOf = (frame: unknown) => /\/r\/[^?]*/.exec(JSON.stringify(frame))?.[0];
    expect(pathOf(fresh)).toBe(pathOf(first));

    await agent.ask({ type: "renew", leases: [{ ...lease, fraction: 0.5 }] }, 601);
    const before = await bench.edge.state();
    await agent.ask({ type: "renew", leases: [{ ...lease, fraction: 0.9 }] }, 601);
    expect(await bench.edge.state()).toBe(before);

    const fail = {
      type: "fail",
      lease,
      class: "transient",
      code: "stalled",
      message: "It stood still.",
    } as const;
    const failed = await agent.ask(fail, 602);
    const after = await bench.edge.state();
    expect(await agent.ask(fail, 602)).toEqual(failed);
    expect(await agent.ask(fail)).toMatchObject({ type: "refused", reason: "stale" });
    expect(await bench.edge.state()).toBe(after);
  });
});

describe("what is not understood", () => {
  test.each([
    ["no JSON", "{", null],
    ["an unknown type", JSON.stringify({ type: "sing", seq: 7 }), 7],
    ["a missing field", JSON.stringify({ type: "release", seq: 8 }), 8],
    ["too long a frame", JSON.stringify({ type: "ready", seq: 9, pad: "x".repeat(MAX_FRAME_BYTES) }), null],
  ])("%s is answered by an error frame, and the link goes on", async (_, text, re) => {
    const agent = await bench.agent();
    agent.sendRaw(text);
    expect(await agent.until(({ type }) => type === "error")).toMatchObject({ re });
    expect(await agent.ask({ type: "renew", leases: [] })).toMatchObject({ type: "renewed" });
  });

  test("unknown keys are ignored", async () => {
    const agent = await bench.agent();
    agent.sendRaw(JSON.stringify({ type: "renew", seq: 70, leases: [], colour: "blue" }));
    expect(await agent.until((frame) => "re" in frame && frame.re === 70)).toMatchObject({ type: "renewed" });
  });

  test("a link that only ever sends nonsense is closed with 4008", async () => {
    const agent = await bench.agent();
    for (let i = 0; i < 16; i++) agent.sendRaw("nonsense");
    expect(await eventually(() => agent.closed)).toMatchObject({ code: 4008 });
  });
});

async function stranger(): Promise<TestAgent> {
  const { key } = await bench.edge.agentKey();
  return new TestAgent(bench.edge.url, key).connect();
}

describe("before the hello", () => {
  test("anything else ends the link with 4008", async () => {
    const agent = await stranger();
    agent.ready();
    expect(await eventually(() => agent.closed)).toMatchObject({ code: 4008 });
  });

  test("so does a protocol that is not spoken here, with a sentence", async () => {
    const agent = await stranger();
    const hello = {
      type: "hello",
      protocol: PROTOCOL_VERSION + 1,
      agentVersion: "9",
      bootId: "b",
      label: "x",
    };
    const capabilities = { kinds: [], encoders: [], ffmpeg: "", cores: 1, memoryBytes: 1, platform: "" };
    const slots = { gpu: 0, cpu: 0, io: 0 };
    agent.sendRaw(JSON.stringify({ ...hello, seq: 1, capabilities, slots, held: [] }));
    expect(await agent.until(({ type }) => type === "error")).toMatchObject({
      message: expect.stringContaining("update this edge") as string,
    });
    expect(await eventually(() => agent.closed)).toMatchObject({ code: 4008 });
  });
});

describe("the door", () => {
  const knock = (headers: Record<string, string>) => fetch(`${bench.edge.url}/agent`, { headers });

  test("is for agents: others are told how to run one", async () => {
    const response = await knock({});
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain("npx capcloud-agent --edge");
  });

  test("opens for a known key only, and the object never hears of the rest", async () => {
    const { id, key } = await bench.edge.agentKey();
    const before = (await bench.edge.calls.status()).agents.length;
    for (const wrong of [
      "",
      "cca_x",
      key.slice(0, -1),
      `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`,
    ]) {
      await expect(new TestAgent(bench.edge.url, wrong).connect()).rejects.toThrow("401");
    }
    await revokeAgent(bench.edge.db, id);
    await expect(new TestAgent(bench.edge.url, key).connect()).rejects.toThrow("401");
    expect((await bench.edge.calls.status()).agents).toHaveLength(before);
  });

  test("does not let a visitor claim to be an agent by a header of ours", async () => {
    const socket = new WebSocket(`${bench.edge.url.replace("http", "ws")}/agent`, SUBPROTOCOL, {
      headers: { "x-capcloud-agent": "someone" },
    });
    const status = await new Promise((resolve) => {
      socket.once("unexpected-response", (_, response) => {
        resolve(response.statusCode);
        socket.terminate();
      });
      socket.once("open", () => resolve("open"));
      socket.once("error", () => {});
    });
    expect(status).toBe(401);
  });
});

test("no secret and no signed address is written down", async () => {
  const agent = await bench.agent();
  await bench.file("image");
  const { lease } = await agent.grant("image");
  const outputs = [{ name: "thumbnail.webp", size: 70, type: "image/webp" }];
  await agent.ask({ type: "sign", lease, inputs: ["original"], outputs, parts: [] });
  const tables = ["jobs", "wishes", "replies", "agents", "outbox", "files"];
  const rows = await Promise.all(tables.map((table) => bench.edge.sql(`select * from ${table}`)));
  const text = JSON.stringify(rows);
  expect(text).not.toContain(lease.secret);
  expect(text).not.toContain("/relay/");
  expect(text).toContain(lease.job);
});
