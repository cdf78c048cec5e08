/**
 * One seed, from its first event to its last judgement. The same seed, with the same items left in, always takes
 * the same course. Only for a thread whose globals are replaced (`globals.ts`).
 */
import { HOUR, MINUTE, SECOND } from "../../config.ts";
import { CatalogueWatch } from "./catalogue-watch.ts";
import { listenForCrashes, wordsOf } from "./crashes.ts";
import { compareBooks, compareStorage, passDays } from "./ending.ts";
import { bindWorld } from "./globals.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { Liveness } from "./liveness.ts";
import { Nemesis } from "./nemesis.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { chance } from "./random.ts";
import { giveSecondChance } from "./second-chance.ts";
import { putTogether, type Simulated } from "./simulated.ts";
import type { Complain, Violation } from "./violation.ts";
import { watchViewers } from "./viewer-watch.ts";
import { World } from "./world.ts";

export interface Outcome {
  seed: number;
  steps: number;
  /** Names the whole course of events. */
  trace: string;
  violation: Violation | null;
  /** The last events before a violation. */
  lines: string[];
  jobs: number;
  grants: number;
  /** Virtual minutes until all was settled. */
  minutes: number;
}

export interface Choice {
  seed: number;
  /** Numbers of the items that are left in; null: all. */
  only: readonly number[] | null;
  verbose?: boolean;
}

/** Nothing real takes so many. */
const MOST_STEPS = 400_000;
/** Agents are not started all at once. */
const START_MS = 3_000;

export async function simulate({ seed, only, verbose = false }: Choice): Promise<Outcome> {
  const drawn = drawPlan(seed);
  const plan = only === null ? drawn : { ...drawn, items: drawn.items.filter(({ id }) => only.includes(id)) };
  const start = startOf(seed);
  const world = new World(start);
  world.verbose = verbose;
  bindWorld(world, seed);
  let violation: Violation | null = null;
  const complain: Complain = (invariant, text) => {
    violation ??= { invariant, text, step: world.steps, at: Math.round(world.now - start) };
  };
  const stopListening = listenForCrashes(complain, verbose);
  const parts = putTogether(world, plan, complain, verbose);
  const settledAt = await takeCourse(parts, plan, complain, () => violation !== null).catch(
    (error: unknown) => {
      complain("nothing crashes", wordsOf(error));
      return world.now;
    },
  );
  stopListening();
  parts.catalogue.database.close();
  const { grants } = parts.observer;
  const [{ jobs }] = parts.object.rows<{ jobs: number }>("select count(*) as jobs from jobs") as [
    { jobs: number },
  ];
  parts.object.database.close();
  return {
    ...{ seed, steps: world.steps, trace: world.trace.toString(16).padStart(8, "0"), violation },
    ...{ lines: violation === null && !verbose ? [] : world.lines, jobs, grants },
    minutes: Math.round((settledAt - start) / MINUTE),
  };
}

/** When all was settled. */
async function takeCourse(
  parts: Simulated,
  plan: Plan,
  complain: Complain,
  failed: () => boolean,
): Promise<number> {
  const { world, object, agents } = parts;
  object.begin();
  const ledger = new LedgerWatch(parts, complain);
  const catalogue = new CatalogueWatch(parts, complain);
  watchViewers(parts, ledger.committed, complain);
  const nemesis = new Nemesis(parts, plan.seed);
  const stop = () => {
    if (world.acted.name.startsWith("object")) ledger.look();
    if (world.steps > MOST_STEPS) complain("I5 everything ends in time", "there is no end to it");
    return failed();
  };
  for (const item of plan.items) {
    world.after(item.at, world.system, `item ${item.id}: ${item.deed.kind}`, () => nemesis.do(item));
  }
  const starting = chance(plan.seed, "starting");
  for (const agent of agents) {
    world.after(starting.between(0, START_MS), world.system, `${agent.name} is started`, () => agent.start());
  }
  const cron = keepTime(parts, nemesis);
  const liveness = new Liveness(parts, complain);
  if (!plan.items.some(({ deed }) => UNTIMELY.includes(deed.kind))) watchTime(parts, liveness);
  await world.run(world.now + plan.horizonMs, stop);
  nemesis.calm();
  if (!stop()) await liveness.settle(stop);
  if (!stop()) await giveSecondChance(parts, liveness, stop);
  const settledAt = world.now;
  if (stop()) return settledAt;
  compareBooks(parts, false, complain);
  catalogue.sum();
  cron.stop();
  await passDays(parts, liveness, stop);
  if (stop()) return settledAt;
  compareBooks(parts, true, complain);
  compareStorage(parts, complain);
  catalogue.sum();
  return settledAt;
}

/** Faults under which nothing need happen in time. */
const UNTIMELY: readonly string[] = ["alarms", "object-skew"];
const LOOK_MS = 2 * SECOND;

function watchTime(parts: Simulated, liveness: Liveness): void {
  const { world } = parts;
  const next = () => {
    liveness.lookOverdue();
    world.after(LOOK_MS, world.system, "look", next);
  };
  world.after(LOOK_MS, world.system, "look", next);
}

/** The cron of every minute. */
function keepTime({ world, edge }: Simulated, nemesis: Nemesis): { stop: () => void } {
  let stopped = false;
  const next = () => {
    const minute = Math.floor(world.now / MINUTE) * MINUTE + MINUTE;
    world.after(minute - world.now, world.system, "minute", () => {
      if (stopped) return;
      if (!nemesis.cronless) edge.cron(minute);
      next();
    });
  };
  next();
  return { stop: () => (stopped = true) };
}

/** Half of them have the daily sweep in the midst of it. */
function startOf(seed: number): number {
  const stream = chance(seed, "start");
  const day = Date.UTC(2027, 0, 4);
  return day + (stream.hits(0.5) ? 3 * HOUR - stream.between(0, 6) * MINUTE : stream.between(4, 20) * HOUR);
}
