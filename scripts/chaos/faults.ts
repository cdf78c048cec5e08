/**
 * The plan of a run: which fault strikes whom, when. Drawn from a seed alone, so that a seed names a plan; what the
 * processes make of it depends on the machine. Pure; `nemesis.ts` carries it out.
 */
import { type Chance, chance } from "../../edge/src/coordinator/simulation/random.ts";
import type { Weather } from "./storage-proxy.ts";

/** What an agent's stand-in ffmpeg does: see `tools.ts`. */
export type Sickness = "crash" | "oom" | "hang" | "full";

export type Fault =
  | { kind: "agent killed"; agent: number; downMs: number }
  | { kind: "agent frozen"; agent: number; ms: number; withTools: boolean }
  | { kind: "agent drained"; agent: number }
  | { kind: "ffmpeg sick"; agent: number; sickness: Sickness; ms: number }
  | { kind: "line cut"; agent: number }
  | { kind: "line half-open"; agent: number; ms: number }
  | { kind: "network gone"; agent: number; ms: number }
  | { kind: "line slow"; agent: number; ms: number; delayMs: number }
  | { kind: "edge killed"; downMs: number }
  | { kind: "edge restarted" }
  | { kind: "storage ill"; weather: Weather; stallMs: number; ms: number }
  | { kind: "upload deleted" }
  | { kind: "client died" };

export type FaultKind = Fault["kind"];

export interface Step {
  /** Milliseconds since the run began. */
  at: number;
  fault: Fault;
}

export interface PlanOptions {
  agents: number;
  forMs: number;
  /** Rounds at most. */
  rounds: number;
  leaseMs: number;
  /** Milliseconds from one fault to the next, on average. */
  gapMs: number;
  /** How long a hanging tool hangs; beyond the agent's own patience the agent has to end it. */
  hangMs: number;
}

/** Rounds of all kinds, each shuffled: however short the run, no kind comes twice before every one came once. */
export function planFaults(seed: number, options: PlanOptions): Step[] {
  const order = chance(seed, "order");
  const steps: Step[] = [];
  let at = 0;
  for (let round = 0; round < options.rounds; round++) {
    for (const kind of shuffled(KINDS, order)) {
      at += order.between(0.5, 1.5) * options.gapMs;
      if (at >= options.forMs) return steps;
      steps.push({ at: Math.round(at), fault: drawFault(kind, chance(seed, kind, round), options) });
    }
  }
  return steps;
}

/** One agent is never sick, so that there is always one that can. */
const HEALTHY = 1;

export const KINDS: readonly FaultKind[] = [
  "agent killed",
  "agent frozen",
  "agent drained",
  "ffmpeg sick",
  "line cut",
  "line half-open",
  "network gone",
  "line slow",
  "edge killed",
  "edge restarted",
  "storage ill",
  "upload deleted",
  "client died",
];

function drawFault(kind: FaultKind, draw: Chance, options: PlanOptions): Fault {
  const { leaseMs } = options;
  const agent = draw.whole(0, options.agents - 1);
  const whole = (low: number, high: number) => Math.round(draw.between(low, high));
  switch (kind) {
    case "agent killed":
      return { kind, agent, downMs: whole(0, 3_000) };
    case "agent frozen":
      return { kind, agent, ms: whole(1.2 * leaseMs, 2 * leaseMs), withTools: draw.hits(0.5) };
    case "agent drained":
    case "line cut":
      return { kind, agent };
    case "ffmpeg sick":
      return drawSickness(draw, options);
    case "line half-open":
      return { kind, agent, ms: whole(1.2 * leaseMs, 2 * leaseMs) };
    case "network gone":
      return { kind, agent, ms: whole(0.3 * leaseMs, 1.5 * leaseMs) };
    case "line slow":
      return { kind, agent, ms: whole(leaseMs, 2 * leaseMs), delayMs: whole(100, 1_500) };
    case "edge killed":
      return { kind, downMs: whole(0, 1.5 * leaseMs) };
    case "storage ill":
      return { kind, weather: drawWeather(draw), stallMs: whole(1_000, 10_000), ms: whole(5_000, 15_000) };
    case "edge restarted":
    case "upload deleted":
    case "client died":
      return { kind };
  }
}

function drawSickness(draw: Chance, { agents, hangMs }: PlanOptions): Fault {
  const sickness = draw.pick(["crash", "oom", "hang", "full"] as const);
  const agent = draw.whole(0, Math.max(0, agents - 1 - HEALTHY));
  const ms = sickness === "hang" ? hangMs : Math.round(draw.between(1_000, 4_000));
  return { kind: "ffmpeg sick", agent, sickness, ms };
}

function drawWeather(draw: Chance): Weather {
  const often = () => draw.between(0.02, 0.15);
  return {
    ...{ error: often(), busy: often(), stall: draw.between(0, 0.05), truncate: often(), lose: often() },
    slow: often(),
  };
}

function shuffled<T>(list: readonly T[], draw: Chance): T[] {
  return list
    .map((one) => ({ one, place: draw.next() }))
    .sort((left, right) => left.place - right.place)
    .map(({ one }) => one);
}
