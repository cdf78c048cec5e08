/** An agent that was told to move and did not, and one whose last lease ended by time: on a clock of the test's own. */
import { expect, test, vi } from "vitest";
import { MINUTE, SECOND } from "../../config.ts";
import { newBadge } from "../frames/badges.ts";
import { moveAgents, sendAgent, settleMoves, standingOf } from "./moving.ts";
import type { Pool } from "../pool.ts";
import { Sockets } from "../frames/sockets.ts";
import { grantJob } from "../ledger/ledger.ts";
import { grantee, job } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";

const SLOTS = { gpu: 0, cpu: 1, io: 1 };

function poolWith(agentId: string) {
  const now = Date.now();
  const { store, sql } = openTestLedger();
  const sent: string[] = [];
  const socket = {
    readyState: 1,
    serializeAttachment: vi.fn<() => void>(),
    send: (text: string) => void sent.push((JSON.parse(text) as { type: string; url?: string }).url ?? text),
  } as unknown as WebSocket;
  const sockets = new Sockets({
    acceptWebSocket: () => {},
    getWebSockets: () => [],
    getWebSocketAutoResponseTimestamp: () => null,
  });
  sockets.accept(socket, newBadge(agentId, "http://edge", now));
  const badge = { ...sockets.badge(socket), bootId: "boot", kinds: ["image" as const] };
  sockets.greet(socket, { ...badge, capacity: SLOTS, free: SLOTS });
  const pool = { name: "main", store, sockets, config: { logLevel: "silent" } } as unknown as Pool;
  return { pool, sql, sent, now, badge: () => sockets.badge(socket) };
}

test("who was told and is still here after half a minute is one of ours again", () => {
  const { pool, sent, now, badge } = poolWith("a");
  expect(moveAgents(pool, ["a", "stranger"], "second", "idle", now)).toEqual(["a"]);
  expect(sent).toEqual(["/agent?pool=second"]);
  expect(pool.sockets.hasFreeSeat()).toBe(false);
  expect(pool.sockets.isAnyAble({ kind: "image", needs: "io" }, now)).toBe(false);
  expect(standingOf(pool, now).agents).toEqual([]);

  settleMoves(pool, now + 30 * SECOND);
  expect(badge().moving).not.toBeNull();
  settleMoves(pool, now + 31 * SECOND);
  expect(badge().moving).toBeNull();
  expect(pool.sockets.hasFreeSeat()).toBe(true);
  expect(sent).toHaveLength(1);
});

test("a lease that ended by itself lets its agent go", () => {
  const { pool, sql, sent, now } = poolWith("a");
  const held = grantJob(job(), grantee({ agentId: "a" }), now);
  pool.store.jobs.insert(held ?? job(), []);
  expect(moveAgents(pool, ["a"], "second", "idle", now)).toEqual([]);
  expect(moveAgents(pool, ["a"], "second", "free", now)).toEqual(["a"]);
  settleMoves(pool, now + 300 * SECOND);
  expect(sent).toEqual([]);
  sql.exec("update jobs set state = 'ready'");
  settleMoves(pool, now + 301 * SECOND);
  expect(sent).toEqual(["/agent?pool=second"]);
});

test("whom the operator sends is told again until it may move once more, and then let be", () => {
  const { pool, sent, now, badge } = poolWith("a");
  sendAgent(pool, "a", "second", now);
  expect(sent).toHaveLength(1);
  settleMoves(pool, now + 30 * SECOND);
  expect(sent).toHaveLength(1);
  // An agent moves once a minute.
  for (let minute = 1; minute < 5; minute++) settleMoves(pool, now + minute * MINUTE);
  expect(sent).toEqual(Array.from({ length: 3 }, () => "/agent?pool=second"));
  expect(badge().moving).toBeNull();
  expect(pool.sockets.hasFreeSeat()).toBe(true);
});
