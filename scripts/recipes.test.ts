/**
 * docs/recipes/wake-on-lan.mjs as somebody would run it: a process of its own, told by a real edge or by requests
 * made here, sending real packets to a listener on loopback.
 */
import { createHmac } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTestEdge } from "../edge/src/coordinator/testing/edge.ts";
import { eventually } from "../edge/src/coordinator/testing/test-agent.ts";
import { root } from "./build-worker.ts";
import { freePort } from "./local-edge.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const MACS = ["02:00:5e:10:00:01", "02-00-5E-10-00-02"];
const PACKETS_EACH = 3;

let recipe: ChildProcess | null = null;
let port: number;
let listener: Socket;
let packets: Buffer[];

beforeEach(async () => {
  packets = [];
  listener = createSocket("udp4");
  listener.on("message", (packet) => packets.push(packet));
  await new Promise<void>((resolve) => listener.bind(0, "127.0.0.1", resolve));
  port = await freePort();
});
afterEach(async () => {
  listener.close();
  if (recipe?.exitCode === null) {
    recipe.kill("SIGKILL");
    await once(recipe, "exit");
  }
});

async function start(env: Record<string, string> = {}): Promise<{ code: number | null; said: () => string }> {
  const child = spawn(process.execPath, [join(root, "docs", "recipes", "wake-on-lan.mjs")], {
    env: {
      ...{ ...process.env, WEBHOOK_SECRET: SECRET, MACS: MACS.join(","), PORT: String(port) },
      ...{ BROADCAST: "127.0.0.1", WOL_PORT: String(listener.address().port) },
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  recipe = child;
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await eventually(() => child.exitCode !== null || text.includes("waits for events"));
  return { code: child.exitCode, said: () => text };
}

const WANTED = { type: "fleet.wanted", timestamp: "t", data: { jobs_waiting: 2, reason: "starving" } };

function send(body: unknown, unlike: { id?: string; secret?: string; at?: number; text?: string } = {}) {
  const text = JSON.stringify(body);
  const id = unlike.id ?? `fleet-wanted-${Math.random().toString().slice(2)}`;
  const timestamp = String(unlike.at ?? Math.floor(Date.now() / 1_000));
  const key = Buffer.from((unlike.secret ?? SECRET).slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${text}`).digest("base64");
  return fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    headers: {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,AAAA v1,${signature}`,
    },
    body: unlike.text ?? text,
  });
}

const magic = (mac: string) => {
  const address = mac.toLowerCase().replaceAll(/[:-]/g, "");
  return `ffffffffffff${address.repeat(16)}`;
};
const heard = () => packets.map((packet) => packet.toString("hex")).sort();
const EXPECTED = MACS.flatMap((mac) => Array.from({ length: PACKETS_EACH }, () => magic(mac))).sort();

test("a call for agents wakes each machine, and the same event once only", async () => {
  await start();
  expect((await send(WANTED, { id: "one" })).status).toBe(204);
  expect((await send(WANTED, { id: "one" })).status).toBe(204);
  await eventually(() => packets.length >= EXPECTED.length);
  expect((await send({ type: "fleet.satisfied", timestamp: "t", data: {} })).status).toBe(204);
  expect(heard()).toEqual(EXPECTED);
});

test("what is not signed by the edge, too old, too large or changed on the way wakes nobody", async () => {
  await start();
  const other = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
  const old = Math.floor(Date.now() / 1_000) - 301;
  expect((await send(WANTED, { secret: other })).status).toBe(401);
  expect((await send(WANTED, { at: old })).status).toBe(401);
  expect((await send(WANTED, { text: JSON.stringify({ ...WANTED, type: "job.dead" }) })).status).toBe(401);
  expect((await send(WANTED, { text: "x".repeat(70_000) })).status).toBe(413);
  expect((await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" })).status).toBe(401);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(405);
  expect(heard()).toEqual([]);
});

test("either secret is right while they change", async () => {
  const next = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  await start({ WEBHOOK_SECRET: `${next} ${SECRET}` });
  expect((await send(WANTED, { secret: next })).status).toBe(204);
  expect((await send(WANTED, { secret: SECRET })).status).toBe(204);
});

test.each([
  ["without a secret", { WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET"],
  ["without a machine", { MACS: "" }, "MACS"],
  ["with half an address", { MACS: "aa:bb:cc" }, "MACS"],
])("%s it says so and ends with code 2", async (_, env, word) => {
  const { code, said } = await start(env);
  expect(code).toBe(2);
  expect(said()).toContain(word);
});

test("a real edge with an upload and no agents wakes the machines", async () => {
  await start();
  const edge = await startTestEdge({
    ...{ WEBHOOK_URL: `http://127.0.0.1:${port}/`, WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: "true" },
  });
  try {
    const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010806000000", "hex");
    const answer = await fetch(`${edge.url}/a.png`, { method: "PUT", body: png });
    expect(answer.status).toBe(200);
    await edge.scheduled(Date.now());
    expect(heard()).toEqual([]);
    await edge.scheduled(Date.now() + 60_000);
    await eventually(() => packets.length >= EXPECTED.length);
    expect(heard()).toEqual(EXPECTED);
  } finally {
    await edge.stop();
  }
});
