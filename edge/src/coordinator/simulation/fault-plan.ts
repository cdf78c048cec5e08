/** The faults that a simulation may draw, and how hard they are. What each does stands in `nemesis.ts`. Pure. */
import { HOUR, MINUTE, SECOND } from "../../config.ts";
import type { Chance } from "./random.ts";
import type { Sickness } from "./wire.ts";

/** Where the object is when it ends: at once, or while it waits for such an answer. */
export type Point = "now" | "digest" | "d1" | "r2";

interface OfAgent {
  agent: number;
  ms: number;
}

export type Fault =
  | ({ kind: "kill" | "power" | "freeze" | "terminate" | "hang" | "disk" | "away" | "deaf" } & OfAgent)
  | ({ kind: "slow"; factor: number } & OfAgent)
  | ({ kind: "skew"; offset: number } & OfAgent)
  | ({ kind: "sick"; sickness: Sickness } & OfAgent)
  | { kind: "cut" | "forge"; agent: number }
  | { kind: "storm" | "rot" | "broken-requests" | "operator" }
  | { kind: "crash" | "evict"; point: Point }
  | { kind: "object-skew"; offset: number; ms: number }
  | { kind: "alarms"; lost: number; doubled: number; lateMs: number; ms: number }
  | { kind: "cronless"; ms: number }
  | ({ kind: "d1" } & Trouble)
  | ({ kind: "r2"; shard: number } & Trouble);

export interface Trouble {
  ms: number;
  before: number;
  after: number;
  stall: number;
}

const POINTS: readonly Point[] = ["now", "digest", "d1", "r2"];

/** More likely the more often it stands here. */
const DRAWN: readonly ((stream: Chance, agents: number) => Fault)[] = [
  (stream, agents) => ({ kind: "kill", ...ofAgent(stream, agents, 1, 60) }),
  (stream, agents) => ({ kind: "kill", ...ofAgent(stream, agents, 1, 10) }),
  (stream, agents) => ({ kind: "power", ...ofAgent(stream, agents, 5, 200) }),
  (stream, agents) => ({ kind: "freeze", ...ofAgent(stream, agents, 10, 60) }),
  (stream, agents) => ({ kind: "freeze", ...ofAgent(stream, agents, 30, 300) }),
  (stream, agents) => ({ kind: "terminate", ...ofAgent(stream, agents, 20, 180) }),
  (stream, agents) => ({ kind: "hang", ...ofAgent(stream, agents, 10, 120) }),
  (stream, agents) => ({ kind: "disk", ...ofAgent(stream, agents, 10, 120) }),
  (stream, agents) => ({ kind: "away", ...ofAgent(stream, agents, 5, 240) }),
  (stream, agents) => ({ kind: "deaf", ...ofAgent(stream, agents, 10, 200) }),
  (stream, agents) => ({
    kind: "slow",
    factor: stream.pick([5, 20, 100]),
    ...ofAgent(stream, agents, 20, 240),
  }),
  (stream, agents) => ({
    ...{ kind: "skew", offset: stream.pick([-1, 1]) * stream.between(0, HOUR) },
    ...ofAgent(stream, agents, 20, 240),
  }),
  (stream, agents) => ({ kind: "sick", sickness: drawSickness(stream), ...ofAgent(stream, agents, 20, 200) }),
  (stream, agents) => ({ kind: "sick", sickness: drawSickness(stream), ...ofAgent(stream, agents, 20, 200) }),
  (stream, agents) => ({ kind: "cut", agent: stream.whole(0, agents - 1) }),
  (stream, agents) => ({ kind: "forge", agent: stream.whole(0, agents - 1) }),
  () => ({ kind: "storm" }),
  () => ({ kind: "rot" }),
  () => ({ kind: "broken-requests" }),
  () => ({ kind: "operator" }),
  (stream) => ({ kind: "crash", point: stream.pick(POINTS) }),
  (stream) => ({ kind: "crash", point: stream.pick(POINTS) }),
  (stream) => ({ kind: "evict", point: stream.pick(POINTS) }),
  (stream) => ({ kind: "evict", point: stream.pick(POINTS) }),
  (stream) => ({
    ...{ kind: "object-skew", offset: stream.between(-5, 5) * MINUTE },
    ms: stream.between(10, 200) * SECOND,
  }),
  (stream) => ({
    ...{ kind: "alarms", lost: stream.pick([0, 0.5, 1]), doubled: stream.pick([0, 0.5]) },
    ...{ lateMs: stream.pick([0, 5, 60]) * SECOND, ms: stream.between(20, 240) * SECOND },
  }),
  (stream) => ({ kind: "cronless", ms: stream.between(60, 240) * SECOND }),
  (stream) => ({ kind: "d1", ...drawTrouble(stream) }),
  (stream) => ({ kind: "d1", ...drawTrouble(stream) }),
  (stream) => ({ kind: "r2", shard: stream.whole(0, 1), ...drawTrouble(stream) }),
  (stream) => ({ kind: "r2", shard: stream.whole(0, 1), ...drawTrouble(stream) }),
];

export function drawFault(stream: Chance, agents: number): Fault {
  return stream.pick(DRAWN)(stream, agents);
}

/** Seconds. */
function ofAgent(stream: Chance, agents: number, shortest: number, longest: number): OfAgent {
  return { agent: stream.whole(0, agents - 1), ms: stream.between(shortest, longest) * SECOND };
}

function drawSickness(stream: Chance): Sickness {
  return {
    drop: stream.pick([0, 0.1, 0.3]),
    duplicate: stream.pick([0, 0.1, 0.5]),
    reorder: stream.pick([0, 0.3]),
    delay: stream.pick([0, 1, 30]) * SECOND,
  };
}

function drawTrouble(stream: Chance): Trouble {
  return {
    ms: stream.between(5, 180) * SECOND,
    before: stream.pick([0, 0.2, 1]),
    after: stream.pick([0, 0.2, 0.5]),
    stall: stream.pick([0, 0.2]),
  };
}
