/** Who moves and, above all, who does not. */
import { describe, expect, test } from "vitest";
import type { JobKind } from "#protocol";
import { HOUR, MINUTE, SECOND } from "../../config.ts";
import { balance, type AgentStanding, type PoolStanding } from "./balance.ts";
import type { ReadyGroup } from "../store/figure-store.ts";

const NOW = 1_800_000_000_000;
const LISTED = ["main", "second"];
const waits = (count: number, seconds: number, changes: Partial<ReadyGroup> = {}): ReadyGroup => ({
  ...{ kind: "image", needs: "io", count, oldest: NOW - seconds * SECOND, ...changes },
});
const agent = (agentId: string, changes: Partial<AgentStanding> = {}): AgentStanding => ({
  ...{ agentId, kinds: ["image", "video"] as JobKind[], drained: [], capacity: { gpu: 0, cpu: 1, io: 2 } },
  ...{ held: 0, idle: true, connectedAt: NOW - HOUR, ...changes },
});
const busy = (id: string, changes: Partial<AgentStanding> = {}) =>
  agent(id, { held: 2, idle: false, ...changes });
const agents = (count: number, make = agent) => Array.from({ length: count }, (_, at) => make(`a${at}`));
const pool = (name: string, changes: Partial<PoolStanding> = {}): PoolStanding => {
  const { waiting = [], agents: there = [], open = waiting.length } = changes;
  return { pool: name, waiting, agents: there, open, links: [] };
};
const moved = (pools: PoolStanding[], listed = LISTED) =>
  balance(pools, listed, NOW).map((move) => `${move.agents.length} ${move.from}>${move.to} ${move.when}`);

describe("lent", () => {
  test("the only agent goes where something waits, if nothing waits where it is", () => {
    const needy = pool("second", { waiting: [waits(1, 6)] });
    expect(moved([pool("main", { agents: agents(1) }), needy])).toEqual(["1 main>second idle"]);
    const own = pool("main", { agents: agents(1), waiting: [waits(1, 0)] });
    expect(moved([own, needy])).toEqual([]);
  });

  test("nobody goes for what has only just come", () => {
    const fresh = pool("second", { waiting: [waits(9, 4)] });
    expect(moved([pool("main", { agents: agents(4) }), fresh])).toEqual([]);
  });

  test("who cannot do it stays; what waits at home for somebody else keeps nobody", () => {
    const films = pool("second", { waiting: [waits(1, 6, { kind: "video", needs: "encoder" })] });
    const painter = agent("p", { kinds: ["image"] });
    const gone = agent("g", { capacity: { gpu: 0, cpu: 0, io: 2 } });
    const faulty = agent("f", { drained: ["video"] });
    expect(moved([pool("main", { agents: [painter, gone, faulty] }), films])).toEqual([]);
    const home = pool("main", { agents: [agent("a")], waiting: [waits(3, 600, { kind: "mp4" })] });
    expect(moved([home, films])).toEqual(["1 main>second idle"]);
  });

  test("as many as what waits can use, and at most half of the idle ones", () => {
    const many = pool("main", { agents: agents(10) });
    expect(moved([many, pool("second", { waiting: [waits(5, 6)] })])).toEqual(["3 main>second idle"]);
    expect(moved([many, pool("second", { waiting: [waits(500, 6)] })])).toEqual(["5 main>second idle"]);
  });

  test("whoever comes is counted for all that waits", () => {
    const mixed = [waits(2, 9), waits(2, 8, { kind: "video" })];
    expect(moved([pool("main", { agents: agents(10) }), pool("second", { waiting: mixed })])).toEqual([
      "1 main>second idle",
    ]);
  });
});

describe("borrowed", () => {
  const flood = waits(1_000, 900);

  test("a pool with nobody gets one of those that are busy, after a minute", () => {
    const main = pool("main", { waiting: [flood], agents: agents(3, busy) });
    expect(moved([main, pool("second", { waiting: [waits(1, 59)] })])).toEqual([]);
    expect(moved([main, pool("second", { waiting: [waits(1, 61)] })])).toEqual(["1 main>second free"]);
  });

  test("also the only one there is, but not before it was there for two minutes", () => {
    const second = pool("second", { waiting: [waits(1, 61)] });
    const since = (connectedAt: number) =>
      pool("main", { waiting: [flood], agents: [busy("a", { connectedAt })] });
    expect(moved([since(NOW - 2 * MINUTE), second])).toEqual(["1 main>second free"]);
    expect(moved([since(NOW - MINUTE), second])).toEqual([]);
  });

  test("a pool that is pressed more gets one at a time until it no longer is, and then nobody goes back", () => {
    const standings = [
      pool("main", { waiting: [waits(400, 900)], agents: agents(10, busy) }),
      pool("second", { waiting: [waits(400, 900)], agents: [busy("b")] }),
    ];
    const moves: string[] = [];
    for (let minute = 0; minute < 30; minute++) {
      for (const { from, to, agents: ids } of balance(standings, LISTED, NOW)) {
        moves.push(`${from}>${to} ${ids.length}`);
        const [giver, taker] = [from, to].map((name) => standings.find((one) => one.pool === name));
        taker?.agents.push(...(giver?.agents.filter(({ agentId }) => ids.includes(agentId)) ?? []));
        if (giver) giver.agents = giver.agents.filter(({ agentId }) => !ids.includes(agentId));
      }
    }
    expect(new Set(moves)).toEqual(new Set(["main>second 1"]));
    expect(standings.map((one) => one.agents.length)).toEqual([6, 5]);
  });
});

describe("sent home", () => {
  const old = (changes: Partial<PoolStanding>) =>
    pool("old", { agents: [agent("a"), busy("b")], ...changes });

  test("what is idle in a pool that gets nothing new goes to the first", () => {
    const pools = [old({}), pool("second"), pool("main")];
    expect(balance(pools, LISTED, NOW)).toEqual([{ from: "old", to: "main", agents: ["a"], when: "idle" }]);
  });

  test("not while it has something left to do, and then others come to help", () => {
    expect(moved([old({ open: 1 }), pool("main")])).toEqual([]);
    const left = pool("old", { waiting: [waits(1, 6)], open: 1 });
    expect(moved([left, pool("main", { agents: agents(1) })])).toEqual(["1 main>old idle"]);
  });

  test("a pool that gets new files keeps its agents", () => {
    expect(moved([pool("main"), pool("second", { agents: agents(5) })])).toEqual([]);
  });
});
