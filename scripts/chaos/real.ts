/**
 * Chaos with real processes: workerd as `npm start` runs it, agents with real ffmpeg, users who upload, delete and
 * watch, and a nemesis that kills, freezes, cuts and spoils by a plan drawn from a seed. When it is over and the queue
 * is empty, everything that was promised is asked for. Called by `scripts/chaos.ts` and by a journey.
 */
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chance } from "../../edge/src/coordinator/simulation/random.ts";
import { buildWorker } from "../build-worker.ts";
import { type Arena, openArena } from "./arena.ts";
import { checkAll } from "./checker.ts";
import type { JobRow } from "./check-ledger.ts";
import { type PlanOptions, planFaults } from "./faults.ts";
import type { History } from "./history.ts";
import { type Kept, Load } from "./load.ts";
import { strike } from "./nemesis.ts";
import { installPackedAgent } from "./packed.ts";
import { Operator } from "./operator.ts";
import { killWhoBegins } from "./poison.ts";
import { liveText, type Screen, summary } from "./report.ts";
import { LARGE_LADDER, makeSamples } from "./samples.ts";
import { watchFilms } from "./viewer.ts";

export interface RealOptions {
  seed: number;
  /** How long faults go on, and how often each kind comes at most. */
  forMs: number;
  rounds?: number;
  agents: number;
  screen: Screen;
  /** Told how to end everything before its time. */
  opened?: (stop: () => Promise<void>) => void;
  /** Agents from the tarball that would be published. */
  packed?: boolean;
  /** Of the four there are; the first are the shortest. */
  films?: number;
  /** Also one so large that what is made of it goes up in parts. */
  large?: boolean;
  leaseSeconds?: number;
  gapMs?: number;
  hangMs?: number;
  settleMs?: number;
}

export interface RealResult {
  violations: string[];
  history: History;
  /** Kept only where something did not hold. */
  folder: string;
  kept: readonly Kept[];
  jobs: readonly JobRow[];
}

const DEFAULTS = {
  ...{
    rounds: Infinity,
    packed: false,
    films: 4,
    large: true,
    leaseSeconds: 8,
    gapMs: 4_000,
    settleMs: 900_000,
  },
  // Beyond the two minutes after which an agent ends a tool that says nothing.
  hangMs: 130_000,
};
const DRAIN_SECONDS = 3;

export async function runReal(given: RealOptions): Promise<RealResult> {
  const options = { ...DEFAULTS, ...given };
  const folder = await mkdtemp(join(tmpdir(), "capcloud-chaos-"));
  const workerDir = await mkdtemp(join(tmpdir(), "capcloud-worker-"));
  const prebuilt = process.env["CAPCLOUD_WORKER_DIR"];
  try {
    const result = await runIn(folder, workerDir, options);
    if (result.violations.length === 0) await rm(folder, { recursive: true, force: true });
    return result;
  } finally {
    if (prebuilt === undefined) delete process.env["CAPCLOUD_WORKER_DIR"];
    await rm(workerDir, { recursive: true, force: true });
  }
}

async function runIn(folder: string, workerDir: string, options: Filled): Promise<RealResult> {
  const arena = await prepare(folder, workerDir, options);
  options.opened?.(() => arena.stop());
  try {
    const load = await storm(arena, folder, options);
    const { violations, jobs } = await checkAll(arena, load, {
      folder,
      settleMs: options.settleMs,
      screen: options.screen,
    });
    options.screen.say(summary(arena.history, { kept: load.kept, jobs }));
    return { violations, history: arena.history, folder, kept: load.kept, jobs };
  } finally {
    await arena.stop();
  }
}

type Filled = typeof DEFAULTS & RealOptions;

async function prepare(folder: string, workerDir: string, options: Filled): Promise<Arena> {
  const { screen, seed, agents, packed, leaseSeconds } = options;
  if (process.env["CAPCLOUD_WORKER_DIR"] === undefined) {
    screen.say("  building the Worker …");
    await buildWorker(workerDir);
    process.env["CAPCLOUD_WORKER_DIR"] = workerDir;
  }
  if (packed) screen.say("  packing and installing the agent …");
  const cli = packed ? await installPackedAgent(join(folder, "package")) : undefined;
  await mkdir(join(folder, "logs"));
  const edgeLog = createWriteStream(join(folder, "logs", "edge.log"));
  return openArena({
    ...{
      folder,
      seed,
      agents,
      leaseSeconds,
      cli,
      ladder: options.large ? LARGE_LADDER : "",
      drainSeconds: DRAIN_SECONDS,
    },
    edgeSaid: (text) => edgeLog.write(text),
  });
}

async function storm(arena: Arena, folder: string, options: Filled): Promise<Load> {
  const { seed, agents, screen, films, large, leaseSeconds, gapMs, hangMs, forMs, rounds } = options;
  const { edge, seats, storage, history } = arena;
  const host = edge.url;
  const samples = await makeSamples(join(folder, "samples"), { films, large }, chance(seed, "samples"));
  await edge.start();
  const most = { films: agents + 1, others: 2 * agents };
  const load = new Load({ host, samples, draw: chance(seed, "load"), history, most });
  const poison: { file: Kept | null } = { file: null };
  killWhoBegins(() => poison.file, seats, history);
  const plan: PlanOptions = { agents, forMs, rounds, leaseMs: 1_000 * leaseSeconds, gapMs, hangMs };
  let over = false;
  const ticker = setInterval(() => {
    const up = { agents: seats.filter(({ pid }) => pid !== null).length, edge: edge.up };
    screen.live(liveText(history, load, up));
  }, 1_000);
  const viewing = [0, 1].map((viewer) =>
    watchFilms({ host, films: () => load.kept, draw: chance(seed, "viewer", viewer), history }, () => over),
  );
  // Known as such before anybody can begin it.
  const picture = samples.find(({ kind }) => kind === "picture");
  if (picture) poison.file = await load.send(picture, true);
  const loading = load.run();
  await Promise.all(seats.map((seat) => seat.start()));
  const steps = planFaults(seed, plan).map((step) => ({ ...step, at: step.at + history.now }));
  try {
    await strike(steps, { seats, edge, storage, load, history, operator: new Operator(host, folder) });
  } finally {
    over = true;
    load.stop();
    await Promise.all([loading, ...viewing]);
    clearInterval(ticker);
  }
  history.note("faults stop");
  return load;
}
