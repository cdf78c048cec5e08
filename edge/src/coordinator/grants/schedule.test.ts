import { describe, expect, test } from "vitest";
import { RANK, type Seat, type Waiting } from "../ledger/ledger-types.ts";
import { AVOID_MS, isAble, pairUp, type Rings, type Usage } from "./schedule.ts";
import { NOW, spec } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { newJob } from "../ledger/ledger.ts";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import { planAwaited, planPieces } from "../plans/pieces.ts";
import { createRing, takeTurn } from "./turn-taking.ts";

const KINDS = ["inspect", "image", "video", "audio", "mp4"] as const;
let counter = 0;

function waiting(changes: Partial<Waiting> = {}): Waiting {
  counter += 1;
  return {
    ...{ id: `main.${String(counter).padStart(6, "0")}`, owner: "anonymous", kind: "video", turn: RANK.rest },
    ...{ position: 0, cost: 10, avoid: null, losses: 0, waitingSince: NOW, hedgeOf: null, holders: [] },
    needs: (changes.kind ?? "video") === "video" ? "encoder" : "io",
    rank: changes.turn ?? RANK.rest,
    ...changes,
  };
}

function seat(agentId: string, changes: Partial<Seat> = {}): Seat {
  const slots = { gpu: 0, cpu: 1, io: 1 };
  return {
    ...{ agentId, kinds: KINDS, drained: [], speed: {}, tier: 5 },
    ...{ free: { ...slots, ...changes.free }, capacity: { ...slots, ...changes.free } },
    ...changes,
  };
}

function usage(seats: readonly Seat[], held: Record<string, number> = {}): Usage {
  const slots = seats.reduce((sum, { capacity }) => sum + capacity.gpu + capacity.cpu + capacity.io, 0);
  const hasOther: Usage["hasOther"] = (work, agentId) =>
    seats.some((one) => one.agentId !== agentId && isAble(one, work));
  return { held: new Map(Object.entries(held)), slots, hasOther, suspected: new Set() };
}

function pair(jobs: Waiting[], seats: Seat[], held: Record<string, number> = {}, now = NOW) {
  return pairUp(jobs, seats, usage(seats, held), new Map(), now, 100);
}

describe("which slot", () => {
  const busy = () => seat("a", { free: { gpu: 0, cpu: 0, io: 1 }, capacity: { gpu: 0, cpu: 1, io: 1 } });
  const awaited = () => waiting({ turn: RANK.awaited });

  test("what somebody waits for and a film's first segment go beside an encode that may take a minute, and nothing else does", () => {
    expect(pair([awaited()], [busy()])[0]?.slot).toBe("io");
    expect(pair([waiting({ turn: RANK.first })], [busy()])[0]?.slot).toBe("io");
    expect(pair([waiting({ turn: RANK.head })], [busy()])).toEqual([]);
    // It waits for long, but nobody waits for it.
    expect(pair([waiting({ rank: RANK.rest, turn: RANK.awaited })], [busy()])).toEqual([]);
    expect(pair([waiting({ turn: RANK.rest }), awaited()], [busy()])).toHaveLength(1);
  });

  test("what nobody waits for leaves half of the slots for copies and sound free, and one agent's only slot not", () => {
    const sound = (turn: number) => waiting({ kind: "audio", turn });
    const roomy = () => [seat("a", { free: { gpu: 0, cpu: 1, io: 3 }, capacity: { gpu: 0, cpu: 3, io: 5 } })];
    expect(pair([sound(RANK.rest), sound(RANK.rest), sound(RANK.rest)], roomy())).toHaveLength(1);
    expect(pair([sound(RANK.head), sound(RANK.awaited), sound(RANK.stills)], roomy())).toHaveLength(3);
    expect(pair([sound(RANK.rest)], [seat("a")])).toHaveLength(1);
  });

  test("it takes a core where one is free, and nothing of who never encodes", () => {
    expect(pair([awaited()], [seat("a")])[0]?.slot).toBe("cpu");
    const copier = seat("a", { free: { gpu: 0, cpu: 0, io: 4 } });
    expect(pair([awaited()], [copier])).toEqual([]);
  });
});

describe("which job", () => {
  test("the higher rank goes first, inside a rank what is nearer the start", () => {
    const late = waiting({ position: 8_000 });
    const early = waiting({ position: 4_000 });
    const awaited = waiting({ turn: RANK.awaited, position: 90_000 });
    const order = [late, early, awaited].map(() => "");
    const jobs = new Set([late, early, awaited]);
    for (const at of order.keys()) {
      const [first] = pair([...jobs], [seat("a")]);
      order[at] = first?.job ?? "";
      for (const job of jobs) if (job.id === first?.job) jobs.delete(job);
    }
    expect(order).toEqual([awaited.id, early.id, late.id]);
  });

  test("what a viewer waits for goes before the first segments of all films that have just come", () => {
    const { store } = openTestLedger();
    const plan = planOf(evenFrames(60));
    for (let at = 0; at < 300; at++) {
      const [first] = planPieces(spec({ fileId: `film${at}` }), plan);
      if (first) store.jobs.insert(newJob(first, `main.${String(at).padStart(4, "0")}`, false, NOW), []);
    }
    const asked = planAwaited(spec({ fileId: "watched" }), plan, "720", 9, () => false);
    store.jobs.insert(newJob({ ...asked, position: 0 }, "main.9999", false, NOW), []);
    const [next] = pair(store.queue.waitingHeads(8), [seat("a")]);
    expect(next?.job).toBe("main.9999");
  });

  test("owners take turns, however many jobs one of them has", () => {
    const flood = Array.from({ length: 50 }, () => waiting({ owner: "flood", cost: 30 }));
    const small = Array.from({ length: 5 }, () => waiting({ owner: "small", cost: 30 }));
    const rings: Rings = new Map();
    const left = new Set([...flood, ...small]);
    const served: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const seats = [seat("a")];
      const [first] = pairUp([...left], seats, usage(seats), rings, NOW, 1);
      const job = [...left].find(({ id }) => id === first?.job);
      if (job) left.delete(job);
      served.push(job?.owner ?? "");
    }
    expect(served.filter((owner) => owner === "small")).toHaveLength(5);
  });

  test("an owner above a quarter of the slots stands back while others wait, and not otherwise", () => {
    const seats = () => [seat("a", { free: { gpu: 0, cpu: 1, io: 7 } })];
    const greedy = waiting({ owner: "greedy", kind: "image", turn: RANK.stills });
    const modest = waiting({ owner: "modest", kind: "image", turn: RANK.after });
    expect(pair([greedy, modest], seats(), { greedy: 1 })[0]?.job).toBe(greedy.id);
    expect(pair([greedy, modest], seats(), { greedy: 2 })[0]?.job).toBe(modest.id);
    expect(pair([greedy], seats(), { greedy: 2 })).toHaveLength(1);
    // Others wait, but for a slot that is not free: nobody gains by standing back.
    const elsewhere = waiting({ owner: "modest", kind: "video" });
    const noCores = [seat("a", { free: { gpu: 0, cpu: 0, io: 8 } })];
    expect(pair([greedy, elsewhere], noCores, { greedy: 2 }).map(({ job }) => job)).toEqual([greedy.id]);
  });
});

describe("a flood", () => {
  const SLOTS = 16;
  /** Fills what is free, and ends the job that has run longest; answers whose slots they are after each round. */
  function run(rounds: number, jobsOf: (round: number) => Waiting[]): Map<string, number>[] {
    const rings: Rings = new Map();
    const running: string[] = [];
    return Array.from({ length: rounds }, (_, round) => {
      running.splice(0, running.length === SLOTS ? 2 : 0);
      const held: Record<string, number> = {};
      for (const owner of running) held[owner] = (held[owner] ?? 0) + 1;
      const free = { gpu: 0, cpu: SLOTS - running.length, io: 0 };
      const seats = [seat("a", { free, capacity: { gpu: 0, cpu: SLOTS, io: 0 } })];
      const jobs = jobsOf(round);
      for (const { job } of pairUp(jobs, seats, usage(seats, held), rings, NOW, 100)) {
        running.push(jobs.find(({ id }) => id === job)?.owner ?? "");
      }
      return new Map(
        Object.entries(Object.groupBy(running, (owner) => owner)).map(([owner, all]) => [
          owner,
          all?.length ?? 0,
        ]),
      );
    });
  }
  const some = (owner: string, count: number, turn: number) =>
    Array.from({ length: count }, () => waiting({ owner, turn, cost: 30 }));

  test("of one owner, also of what goes first, leaves the others three quarters of the slots, and takes all once nobody else waits", () => {
    const others = ["b", "c", "d", "e"];
    const shares = run(60, (round) => [
      ...some("flood", 40, RANK.stills),
      ...(round < 40 ? others.flatMap((owner) => some(owner, 4, RANK.rest)) : []),
    ]);
    for (const share of shares.slice(0, 40)) expect(share.get("flood") ?? 0).toBeLessThanOrEqual(SLOTS / 4);
    for (const owner of others) expect(shares[39]?.get(owner)).toBeGreaterThanOrEqual(2);
    expect(shares[59]?.get("flood")).toBe(SLOTS);
  });

  test("of what nobody connected can do holds up nothing else, of its owner neither", () => {
    const impossible = Array.from({ length: 20 }, () =>
      waiting({ kind: "audio", needs: "io", turn: RANK.stills }),
    );
    const possible = [waiting({ turn: RANK.after }), waiting({ owner: "other", turn: RANK.after })];
    const seats = [seat("a", { kinds: ["video"], free: { gpu: 0, cpu: 4, io: 4 } })];
    const given = pair([...impossible, ...possible], seats).map(({ job }) => job);
    expect(given.sort()).toEqual(possible.map(({ id }) => id).sort());
  });
});

describe("which agent", () => {
  test("only one that has proven it can, with a free slot of that kind", () => {
    expect(pair([waiting()], [seat("a", { kinds: ["image"] })])).toEqual([]);
    expect(pair([waiting()], [seat("a", { drained: ["video"] })])).toEqual([]);
    expect(pair([waiting()], [seat("a", { free: { gpu: 0, cpu: 0, io: 5 } })])).toEqual([]);
  });

  test("video takes a GPU where one is free, then cores; the rest takes io", () => {
    const both = seat("a", { free: { gpu: 1, cpu: 1, io: 1 } });
    const slots = pair([waiting(), waiting(), waiting({ kind: "image" })], [both]).map(({ slot }) => slot);
    expect(slots.sort()).toEqual(["cpu", "gpu", "io"]);
  });

  test("a copy runs beside an encode, on io", () => {
    const copy = waiting({ needs: "io" });
    const pairings = pair([waiting(), copy], [seat("a")]);
    expect(pairings).toHaveLength(2);
    expect(pairings.find(({ job }) => job === copy.id)?.slot).toBe("io");
  });

  test("among equals the one that has the file's bytes, but a freer one before it", () => {
    const held = () => waiting({ holders: ["holder"] });
    const fast = seat("fast", { speed: { video: 9 } });
    expect(pair([held()], [fast, seat("holder")])[0]?.agentId).toBe("holder");
    const roomy = seat("roomy", { free: { gpu: 0, cpu: 4, io: 1 } });
    expect(pair([held()], [roomy, seat("holder")])[0]?.agentId).toBe("roomy");
  });

  test("a hedge never goes to the agent that is slow", () => {
    const hedge = waiting({ hedgeOf: "main.1", avoid: "slow" });
    expect(pair([hedge], [seat("slow")], {}, NOW + AVOID_MS)).toEqual([]);
    expect(pair([hedge], [seat("slow"), seat("other")])[0]?.agentId).toBe("other");
  });

  test("prefers a GPU, then free slots, then speed", () => {
    const slow = seat("slow", { speed: { video: 1 } });
    const fast = seat("fast", { speed: { video: 3 } });
    expect(pair([waiting()], [slow, fast])[0]?.agentId).toBe("fast");
    const roomy = seat("roomy", { free: { gpu: 0, cpu: 4, io: 1 } });
    expect(pair([waiting()], [fast, roomy])[0]?.agentId).toBe("roomy");
    const gpu = seat("gpu", { free: { gpu: 1, cpu: 0, io: 0 } });
    expect(pair([waiting()], [roomy, gpu])[0]?.agentId).toBe("gpu");
  });

  test("the higher tier before a GPU, slots, bytes and speed, but never the one that just lost it", () => {
    const low = () => seat("low", { free: { gpu: 1, cpu: 8, io: 8 }, speed: { video: 9 }, tier: 4 });
    expect(pair([waiting({ holders: ["low"] })], [low(), seat("high")])[0]?.agentId).toBe("high");
    expect(pair([waiting({ avoid: "high", losses: 1 })], [low(), seat("high")])[0]?.agentId).toBe("low");
    const two = pair([waiting(), waiting()], [low(), seat("high")]);
    expect(two.map(({ agentId }) => agentId)).toEqual(["high", "low"]);
  });

  test("not the one that just lost it, unless nobody else is free", () => {
    const lost = () => waiting({ avoid: "fast", losses: 1 });
    const fast = () => seat("fast", { speed: { video: 9 } });
    expect(pair([lost()], [fast(), seat("other")])[0]?.agentId).toBe("other");
    const busy = seat("other", { free: { gpu: 0, cpu: 0, io: 0 }, capacity: { gpu: 0, cpu: 1, io: 1 } });
    expect(pair([lost()], [fast(), busy])[0]?.agentId).toBe("fast");
  });

  test("what was lost before stays apart from what else was: one of them kills, and the other is innocent", () => {
    const lost = (changes: Partial<Waiting> = {}) => waiting({ avoid: "a", losses: 1, ...changes });
    const wide = (agentId: string) => seat(agentId, { free: { gpu: 0, cpu: 4, io: 4 } });
    const agents = (pairings: { agentId: string }[]) => pairings.map(({ agentId }) => agentId).sort();
    expect(agents(pair([lost(), lost()], [wide("a"), wide("b")]))).toEqual(["a", "b"]);
    expect(agents(pair([lost(), lost(), waiting()], [wide("a")]))).toEqual(["a", "a"]);
    const seats = [wide("a")];
    const held = { ...usage(seats), suspected: new Set(["a"]) };
    expect(pairUp([lost()], seats, held, new Map(), NOW, 100)).toEqual([]);
    const patient = lost({ waitingSince: NOW - AVOID_MS });
    expect(pairUp([patient], seats, held, new Map(), NOW, 100)).toHaveLength(1);
  });

  test("after a second loss only another one, if one is online, but not for ever", () => {
    const lost = () => waiting({ avoid: "fast", losses: 2 });
    const busy = () =>
      seat("other", { free: { gpu: 0, cpu: 0, io: 0 }, capacity: { gpu: 0, cpu: 1, io: 1 } });
    expect(pair([lost()], [seat("fast"), busy()])).toEqual([]);
    expect(pair([lost()], [seat("fast"), busy()], {}, NOW + AVOID_MS)).toHaveLength(1);
    expect(pair([lost()], [seat("fast")])).toHaveLength(1);
  });
});

test("never gives a slot twice", () => {
  const jobs = Array.from({ length: 9 }, () => waiting());
  const seats = [seat("a", { free: { gpu: 1, cpu: 2, io: 1 } }), seat("b")];
  const given = pair(jobs, seats);
  expect(given).toHaveLength(4);
  expect(new Set(given.map(({ job }) => job)).size).toBe(4);
});

test("turns are shared by work, not by number of jobs", () => {
  const ring = createRing();
  const spent: Record<string, number> = { large: 0, small: 0 };
  const costs = new Map([
    ["large", 180],
    ["small", 2],
  ]);
  for (let turn = 0; turn < 2_000; turn++) {
    const owner = takeTurn(ring, costs) ?? "";
    spent[owner] = (spent[owner] ?? 0) + (costs.get(owner) ?? 0);
  }
  expect(Math.abs((spent["large"] ?? 0) - (spent["small"] ?? 0))).toBeLessThanOrEqual(360);
});
