/**
 * B2: from the answer to an upload until the first segment of picture and sound can be fetched, over films of
 * growing length: the slope must be nothing. An idle agent of this machine; each film is deleted as soon as it
 * could be played.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import type { JobSpan } from "./kit/agent-log.ts";
import { type FilmKind, makeFilm } from "./kit/footage.ts";
import { headSteps, medianSteps } from "./kit/head-steps.ts";
import { untilFirstSegment } from "./kit/hls.ts";
import { billSince, type CpuBill, cpuBill, type House, openHouse, type WatchedAgent } from "./kit/house.ts";
import { type Phase, phaseLine } from "./kit/phases.ts";
import { median, slope, spread } from "./kit/statistics.ts";
import { watchTools } from "./kit/tool-watch.ts";
import { removeFile, sendFile } from "./kit/upload.ts";

const MOST_SECONDS: Record<FilmKind, number> = { copy: 1, encode: 2 };
const MOST_SLOPE = 0.001;
const LOG_POLL_MS = 5;

interface Sample {
  duration: number;
  seconds: number;
  /** Seconds until the first video job was done, whichever rung it made. */
  head: number;
  steps: Phase[];
  cpu: CpuBill;
}

export const firstSegment: Benchmark = {
  id: "B2",
  title: "upload answered → first playable segment, by length of the film",
  run: async (bench) => {
    const house = await openHouse(bench);
    const agent = await house.startAgent("first");
    // What loads once (sharp, the code paths of both sides) belongs to no film.
    await measure(bench, house, agent, "encode", 20);
    const findings: Finding[] = [];
    for (const kind of ["encode", "copy"] as const) {
      const samples: Sample[] = [];
      for (let round = 0; round < bench.pick(3, 1); round++) {
        for (const duration of bench.pick([20, 60, 180, 600], [20, 60, 180])) {
          samples.push(await measure(bench, house, agent, kind, duration));
        }
      }
      findings.push(...findingsOf(kind, samples));
    }
    return findings;
  },
};

async function measure(
  bench: Bench,
  house: House,
  agent: WatchedAgent,
  kind: FilmKind,
  duration: number,
): Promise<Sample> {
  const film = await makeFilm(bench.shared, kind, duration);
  const before = agent.jobs().length;
  const tools = watchTools(() => [agent.pid]);
  const sent = await sendFile(house.url, film.path);
  const cpuBefore = cpuBill(house.agents);
  await untilFirstSegment(house.url, sent.id);
  const playable = Date.now();
  const cpu = billSince(cpuBefore, cpuBill(house.agents));
  const jobs = await untilHeadLogged(agent, before);
  const made = jobs.find(({ kind: job, to }) => job === "video" && to !== null)?.to ?? playable;
  const head = (made - sent.answered) / 1_000;
  const steps = headSteps({ answered: sent.answered, playable, jobs, tools: tools.stop() });
  await removeFile(sent);
  await house.untilIdle();
  const seconds = (playable - sent.answered) / 1_000;
  bench.say(`${kind} film of ${duration} s: ${seconds.toFixed(2)} s`);
  return { duration, seconds, head, steps, cpu };
}

/** The agent says that its head is done a moment after its segment can be fetched. */
async function untilHeadLogged(agent: WatchedAgent, before: number): Promise<JobSpan[]> {
  for (;;) {
    const jobs = agent.jobs().slice(before);
    if (jobs.some((job) => job.kind === "video" && job.to !== null)) return jobs;
    await sleep(LOG_POLL_MS);
  }
}

function findingsOf(kind: FilmKind, samples: readonly Sample[]): Finding[] {
  const times = samples.map(({ seconds }) => seconds);
  const durations = [...new Set(samples.map(({ duration }) => duration))];
  const of = (duration: number) => samples.filter((sample) => sample.duration === duration);
  return [
    {
      case: `${kind}: seconds`,
      value: median(times),
      unit: "s",
      target: { most: MOST_SECONDS[kind] },
      notes: durations.flatMap((duration) => notesOf(duration, of(duration))),
    },
    {
      case: `${kind}: slope`,
      value: slope(samples.map(({ duration, seconds }) => [duration, seconds])),
      unit: "s/s",
      target: { most: MOST_SLOPE },
    },
  ];
}

function notesOf(duration: number, samples: readonly Sample[]): string[] {
  const cpu = (part: keyof CpuBill) => median(samples.map((sample) => sample.cpu[part])).toFixed(2);
  const steps = medianSteps(
    samples.map((sample) => sample.steps),
    median,
  );
  return [
    `film of ${duration} s: ${spread(samples.map(({ seconds }) => seconds))} s; head of whatever rung made after ${median(samples.map(({ head }) => head)).toFixed(2)} s`,
    `  CPU until then: ffmpeg and ffprobe ${cpu("tools")}, agent ${cpu("agents")}, workerd ${cpu("workerd")} s`,
    `  ${phaseLine(steps)}`,
  ];
}
