/**
 * B3: how much faster N agents are than one, over N. Simulated agents of one core each on the real wire, with
 * time passing faster: 8 on a film of five minutes, 64 on one of four hours. Where this machine lets us share
 * out its cores, also eight real agents with a fifth of a core each. The time of one simulated agent is the sum
 * of what it would have had to do, so nothing of the wire's own cost is hidden in it.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readRecord } from "../demo/follow.ts";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { openCpuShares } from "./kit/cpu-share.ts";
import { type FleetOptions, startFleet } from "./kit/fleet.ts";
import { type Film, makeSmallFilm } from "./kit/footage.ts";
import { isPlayable, openHouse } from "./kit/house.ts";
import { cpuOfAll, ourProcesses } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { median, quantile } from "./kit/statistics.ts";
import { removeFile, sendFile } from "./kit/upload.ts";

/** Simulated jobs are short, real ones with a fifth of a core are not; neither renews here. */
const LONG_LEASES = { LEASE_SECONDS: "3600" };
const HOUR_S = 3_600;
const POLL_MS = 50;

/** The hastier, the more the edge's own milliseconds weigh: all of it runs on the cores of one machine here. */
const FLEETS: readonly (FleetOptions & { least: number; name: string })[] = [
  { agents: 8, filmSeconds: 300, haste: 4, least: 0.85, name: "8 simulated, film of 5 min" },
  { agents: 64, filmSeconds: 4 * HOUR_S, haste: 4, least: 0.7, name: "64 simulated, film of 4 h" },
];
const QUICK_HASTE = 8;
/** Starting ffmpeg takes five times as long on a fifth of a core, so the film is long enough for that to weigh little. */
const REAL = { agents: 8, share: 0.2, seconds: 900, least: 0.85 };

export const manyAgents: Benchmark = {
  id: "B3",
  title: "N agents over one, over N",
  run: async (bench) => {
    const findings: Finding[] = [];
    for (const fleet of FLEETS) {
      findings.push(await simulate(bench, { ...fleet, haste: bench.pick(fleet.haste, QUICK_HASTE) }));
    }
    const real = bench.quick ? null : await shareOut(bench);
    return real === null ? findings : [...findings, real];
  },
};

async function simulate(bench: Bench, fleet: (typeof FLEETS)[number]): Promise<Finding> {
  bench.say(fleet.name);
  const others = ourProcesses("workerd");
  const house = await openHouse(bench, { vars: LONG_LEASES });
  const harvest = await startFleet(bench, house, fleet);
  // What the film is, its simulated inspection says.
  const { path } = await makeSmallFilm(join(bench.folder, "film.mp4"), 1);
  const sent = await sendFile(house.url, path);
  while (!isPlayable(await readRecord(house.url, sent.id))) await sleep(POLL_MS);
  const wall = (fleet.haste * (Date.now() - sent.answered)) / 1_000;
  const { needed, spent, rectangles, deliveries, idles } = harvest;
  const milliseconds = (samples: readonly number[]) =>
    samples.length === 0 ? "never" : `${number(median(samples))} ms (p90 ${number(quantile(samples, 0.9))})`;
  const cpu = cpuOfAll(ourProcesses("workerd").filter((pid) => !others.includes(pid)));
  const bound = needed / fleet.agents;
  return {
    case: fleet.name,
    value: needed / wall / fleet.agents,
    unit: "of N",
    target: { least: fleet.least },
    notes: [
      `one agent ${number(needed)} s, together ${number(wall)} s (${number(needed / wall)} times as fast), bound ${number(bound)} s, longest rectangle ${number(harvest.longest)} s`,
      `${rectangles} rectangles; made twice: ${number((100 * (spent - needed)) / needed)} % of the work`,
      `a rectangle is sent and acknowledged in ${milliseconds(deliveries)}; the next one comes after ${milliseconds(idles)}; these pass ${fleet.haste} times too slowly here`,
      `workerd ${number((1_000 * cpu) / rectangles)} ms of CPU a rectangle, everything included`,
    ],
  };
}

/** Null where cores cannot be shared out. */
async function shareOut(bench: Bench): Promise<Finding | null> {
  const shares = openCpuShares();
  if (shares === null) {
    bench.say("no cgroup may be made here: simulated agents only");
    return null;
  }
  bench.defer(() => Promise.resolve(shares.close()));
  const film = await makeSmallFilm(join(bench.folder, "real.mp4"), REAL.seconds);
  const race = async (agents: number) => {
    bench.say(`${agents} real agents with ${REAL.share} of a core each`);
    return raceReal(bench, film, agents, (pid, name) => shares.limit(pid, name, REAL.share));
  };
  const [alone, together] = [await race(1), await race(REAL.agents)];
  return {
    case: `${REAL.agents} real, ${REAL.share} core each`,
    value: alone / together / REAL.agents,
    unit: "of N",
    target: { least: REAL.least },
    notes: [`one agent ${number(alone)} s, together ${number(together)} s`],
  };
}

/** Seconds until all rungs are ready. */
async function raceReal(
  bench: Bench,
  film: Film,
  agents: number,
  limit: (pid: number, name: string) => void,
): Promise<number> {
  const house = await openHouse(bench);
  for (let at = 1; at <= agents; at++) {
    const name = `real-${agents}-${at}`;
    const { pid } = await house.startAgent(name, { CAPCLOUD_SLOTS: "cpu=1,io=2" });
    limit(pid, name);
  }
  const sent = await sendFile(house.url, film.path);
  const { at } = await house.untilRecord(sent.id, isPlayable);
  await removeFile(sent);
  await Promise.all(house.agents.map((agent) => agent.stop()));
  return (at - sent.answered) / 1_000;
}
