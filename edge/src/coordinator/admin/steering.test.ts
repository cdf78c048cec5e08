/**
 * The operator's word while a frame is being worked at: the handlers' waits are held open here, which workerd does not
 * let a test do. Real stores on node:sqlite, real handlers; only the sockets' host is ours.
 */
import { expect, test } from "vitest";
import { PROTOCOL_VERSION } from "#protocol";
import { receiveText } from "../frames/frames.ts";
import type { Pool } from "../pool.ts";
import { SecretStock } from "../grants/secrets.ts";
import { NOW } from "../testing/jobs.ts";
import { openLink } from "../testing/link.ts";
import { steer } from "./steering.ts";

const HELLO = JSON.stringify({
  ...{ type: "hello", seq: 1, protocol: PROTOCOL_VERSION, agentVersion: "0", bootId: "boot", label: "x" },
  capabilities: { kinds: ["image"], encoders: [], ffmpeg: "5", cores: 1, memoryBytes: 1, platform: "x" },
  ...{ slots: { gpu: 0, cpu: 1, io: 1 }, held: [] },
});
const order = (state: "paused" | "revoked") => ({ agentId: "agent-a", tier: 3, state, changedAt: NOW });

/** Steers while the hello waits for secrets. */
function steerMeanwhile(pool: Pool, state: "paused" | "revoked"): void {
  const stock = new SecretStock();
  pool.secrets = Object.assign(Object.create(stock) as SecretStock, {
    fill: async (count: number) => {
      await stock.fill(count);
      await steer(pool, order(state), NOW);
    },
  });
}

test("an agent that is paused while its hello is worked at is paused, and told so after its welcome", async () => {
  const { pool, socket, sent } = openLink();
  steerMeanwhile(pool, "paused");
  await receiveText(pool, socket, HELLO, NOW);
  expect(sent.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual(["welcome", "drain"]);
  expect(pool.sockets.badge(socket)).toMatchObject({ paused: true, tier: 3, bootId: "boot" });
});

test("an agent that is revoked while its hello is worked at is not welcomed", async () => {
  const { pool, socket, sent, closed } = openLink();
  steerMeanwhile(pool, "revoked");
  await receiveText(pool, socket, HELLO, NOW);
  expect([sent, closed]).toEqual([[], [4003]]);
  expect(pool.store.agents.find("agent-a")).toBeNull();
});

test("what a revoked agent had sent before its socket was closed is not read", async () => {
  const { pool, socket, sent } = openLink();
  await receiveText(pool, socket, HELLO, NOW);
  await steer(pool, order("revoked"), NOW);
  const before = sent.length;
  await receiveText(pool, socket, JSON.stringify({ type: "renew", seq: 2, leases: [] }), NOW);
  expect(sent).toHaveLength(before);
});

test("the newest word counts, whichever comes first", async () => {
  const { pool, socket } = openLink();
  await steer(pool, order("revoked"), NOW);
  await steer(pool, { agentId: "agent-a", tier: 9, state: "active", changedAt: NOW - 1 }, NOW);
  expect(pool.sockets.badge(socket)).toMatchObject({ revoked: true, tier: 3 });
});
