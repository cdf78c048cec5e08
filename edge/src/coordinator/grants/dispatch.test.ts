/** A grant that is not sent: nobody else hears of its slot, so it must be free again. */
import { expect, test, vi } from "vitest";
import { dispatch } from "./dispatch.ts";
import { newJob } from "../ledger/ledger.ts";
import { inTurn, type Pool } from "../pool.ts";
import { cancelTurn } from "../turns.ts";
import { NOW, spec } from "../testing/jobs.ts";
import { openLink, ORIGIN } from "../testing/link.ts";

const SLOTS = { gpu: 0, cpu: 0, io: 2 };

/** An agent with two free slots, whose inputs are signed by `sign`. */
function greeted(sign: (key: string) => Promise<string>) {
  const link = openLink();
  const { pool, socket } = link;
  const known = { bootId: "boot", kinds: ["image" as const], capacity: SLOTS, free: SLOTS };
  pool.sockets.greet(socket, { ...pool.sockets.badge(socket), ...known, seenAt: Date.now() });
  pool.signers.set(ORIGIN, { get: (_shard: string, key: string) => sign(key) } as never);
  return link;
}

function add(pool: Pool, fileId: string, key = "o/good"): void {
  const inputs = [{ name: "original", key, size: 1 }];
  pool.store.jobs.insert(newJob(spec({ fileId, inputs }), `main.${fileId}`, false, NOW), []);
}

const granted = (sent: string[]) =>
  sent
    .map((text) => JSON.parse(text) as { type: string; lease?: { job: string } })
    .filter(({ type }) => type === "grant")
    .map(({ lease }) => lease?.job);

test("of a file that is deleted while its grant is signed leaves the slot to the next", async () => {
  const { pool, socket, sent } = greeted((key) => {
    if (key === "o/gone") inTurn(pool, NOW, (turn) => cancelTurn(turn, "gone"));
    return Promise.resolve("https://storage");
  });
  add(pool, "gone", "o/gone");
  await dispatch(pool, NOW);
  expect(granted(sent)).toEqual([]);
  expect(pool.sockets.badge(socket).free).toEqual(SLOTS);
  for (const fileId of ["a", "b", "c"]) add(pool, fileId);
  await dispatch(pool, NOW);
  expect(granted(sent)).toEqual(["main.a", "main.b"]);
  expect(pool.sockets.badge(socket).free.io).toBe(0);
});

test("whose address cannot be signed waits for its next attempt, and eats no slot", async () => {
  const sign = vi.fn((key: string) =>
    key === "o/bad" ? Promise.reject(new Error("no such shard")) : Promise.resolve("https://storage"),
  );
  const { pool, socket, sent } = greeted(sign);
  for (const fileId of ["1", "2", "3"]) add(pool, fileId, "o/bad");
  add(pool, "4");
  await dispatch(pool, NOW);
  expect(sign).toHaveBeenCalledTimes(4);
  expect(granted(sent)).toEqual(["main.4"]);
  expect(pool.sockets.badge(socket).free.io).toBe(1);
  for (const id of ["main.1", "main.2", "main.3"]) {
    expect(pool.store.jobs.find(id)).toMatchObject({ state: "retry_wait", attempts: 1, agentId: "agent-a" });
  }
});

test("to an agent that leaves while it is signed is given back, uncharged", async () => {
  const { pool, socket } = greeted(() => {
    Object.assign(socket, { readyState: 3 });
    return Promise.resolve("https://storage");
  });
  add(pool, "a");
  await dispatch(pool, NOW);
  expect(pool.store.jobs.find("main.a")).toMatchObject({ state: "ready", attempts: 0 });
});
