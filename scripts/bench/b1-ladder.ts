/**
 * B1: from the answer to an upload until all rungs and the sound are ready, by one agent of this machine, over
 * the one best ffmpeg command on the local file. `copy` films have pictures that fit the top rung as they are.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { bestCommand } from "./kit/best-command.ts";
import { watchPage } from "./kit/continuity.ts";
import { ffmpegAside } from "./kit/ffmpeg.ts";
import { type Film, type FilmKind, makeFilm } from "./kit/footage.ts";
import { billSince, type CpuBill, cpuBill, type House, isPlayable, openHouse } from "./kit/house.ts";
import { phaseLine, phasesOf } from "./kit/phases.ts";
import { cpuOf } from "./kit/processes.ts";
import { compareLadder } from "./kit/quality.ts";
import { number } from "./kit/report.ts";
import { takeTurns } from "./kit/sides.ts";
import { median, spread } from "./kit/statistics.ts";
import { toolLine, watchTools } from "./kit/tool-watch.ts";
import { removeFile, sendFile } from "./kit/upload.ts";

/** Overhead that does not grow with the film weighs less in a longer one. */
const TARGETS: Record<number, number> = { 20: 1.15, 60: 1.1, 300: 1.05 };
const ROUNDS: Record<number, number> = { 20: 3, 60: 3, 300: 1 };
/** Films up to this long stay in the player's buffer as a whole, and are watched to their end. */
const WATCHED_SECONDS = 20;

export const ladder: Benchmark = {
  id: "B1",
  title: "upload answered → all rungs ready, over the one best ffmpeg command",
  run: async (bench) => {
    const house = await openHouse(bench);
    await house.startAgent("ladder");
    const findings: Finding[] = [];
    for (const seconds of bench.pick([20, 60, 300], [20])) {
      for (const kind of ["encode", "copy"] as const) {
        const rounds = bench.quick ? 1 : (ROUNDS[seconds] ?? 1);
        findings.push(await measure(bench, house, kind, seconds, rounds));
      }
    }
    return findings;
  },
};

interface Ours {
  seconds: number;
  cpu: CpuBill;
  phases: string;
  tools: string;
  untilReady: number;
  guards: Finding["guards"];
}

async function measure(
  bench: Bench,
  house: House,
  kind: FilmKind,
  seconds: number,
  rounds: number,
): Promise<Finding> {
  bench.say(`${kind} film of ${seconds} s, ${rounds} rounds`);
  const film = await makeFilm(bench.shared, kind, seconds);
  const made = join(bench.folder, `best-${kind}-${seconds}`);
  mkdirSync(made, { recursive: true });
  const { bare, ours } = await takeTurns(
    {
      bare: () => runBest(film, kind, made),
      // The best command has run by the last round, whoever leads in it.
      ours: (round) => runOurs(house, film, round === rounds - 1 ? made : null),
    },
    rounds,
  );
  const times = ours.map((run) => run.seconds);
  const theirs = bare.map((run) => run.seconds);
  const value = median(times) / median(theirs);
  const [mine, best] = [ours.at(-1), bare.at(-1)];
  return {
    case: `${seconds} s, ${kind}`,
    value,
    unit: "ratio",
    target: { most: TARGETS[seconds] ?? 1.15 },
    guards: mine?.guards ?? {},
    notes: [
      `ours ${number(median(times))} s (${spread(times)}), bare ${number(median(theirs))} s (${spread(theirs)})`,
      ...(mine && best
        ? [cpuLine(mine.cpu, best.cpu), `phases: ${mine.phases}`, `tools: ${mine.tools}`, readyLine(mine)]
        : []),
    ],
  };
}

async function runBest(
  film: Film,
  kind: FilmKind,
  folder: string,
): Promise<{ seconds: number; cpu: number }> {
  const before = cpuOf(process.pid).ended;
  const started = performance.now();
  await ffmpegAside(bestCommand(film.path, kind, folder));
  const seconds = (performance.now() - started) / 1_000;
  return { seconds, cpu: cpuOf(process.pid).ended - before };
}

async function runOurs(house: House, film: Film, compareWith: string | null): Promise<Ours> {
  const agent = house.agents[0];
  if (!agent) throw new Error("No agent runs.");
  const jobsBefore = agent.jobs().length;
  const cpuBefore = cpuBill(house.agents);
  const tools = watchTools(() => [agent.pid]);
  const sent = await sendFile(house.url, film.path);
  const { at: ready } = await house.untilRecord(sent.id, isPlayable);
  const cpu = billSince(cpuBefore, cpuBill(house.agents));
  const spans = tools.stop();
  const jobs = agent.jobs().slice(jobsBefore);
  const course = { answered: sent.answered, ready, jobs, tools: spans };
  const { record, at: done } = await house.untilRecord(sent.id, ({ status }) => status !== "processing");
  if (record.status !== "ready") throw new Error(`The film ended ${record.status}.`);
  const guards = compareWith === null ? {} : await compareLadder(record, film, compareWith);
  if (compareWith !== null && film.seconds <= WATCHED_SECONDS) {
    guards["continuous"] = await watchPage(sent.url, film.seconds);
  }
  await removeFile(sent);
  await house.untilIdle();
  return {
    seconds: (ready - sent.answered) / 1_000,
    cpu,
    phases: phaseLine(phasesOf(course)),
    tools: toolLine(spans),
    untilReady: (done - sent.answered) / 1_000,
    guards,
  };
}

function cpuLine({ tools, agents, workerd }: CpuBill, best: number): string {
  const whole = tools + agents + workerd;
  const parts = `ffmpeg ${tools.toFixed(1)}, agent ${agents.toFixed(1)}, workerd ${workerd.toFixed(1)}`;
  return `CPU ${whole.toFixed(1)} s (${parts}) over ${best.toFixed(1)} s of the best command: ${number(whole / best)}`;
}

function readyLine({ seconds, untilReady }: Ours): string {
  return `everything else (mp4) ready ${(untilReady - seconds).toFixed(2)} s after the rungs`;
}
