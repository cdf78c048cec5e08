/**
 * B4: a film over a slow line (each way for itself), from the answer to its upload until all rungs are ready,
 * over the slowest of its three stages alone: fetch, encode, send. The same stages one after the other are what
 * an agent would take that overlaps nothing. Both sides go through the same throttled proxy, and encode on the same
 * cores, which edge, storage and proxy leave alone.
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { startBareWorker } from "./kit/bare-worker.ts";
import { bestCommand, RUNGS } from "./kit/best-command.ts";
import { onCores, shareOutCores, stayOn } from "./kit/cores.ts";
import { download } from "./kit/fetching.ts";
import { ffmpegAside } from "./kit/ffmpeg.ts";
import { type Film, makeFilm } from "./kit/footage.ts";
import { type House, isPlayable, openHouse } from "./kit/house.ts";
import { phaseLine, phasesOf } from "./kit/phases.ts";
import { number } from "./kit/report.ts";
import { takeTurns, timed } from "./kit/sides.ts";
import { median } from "./kit/statistics.ts";
import { startStorageProxy, type StorageProxy } from "./kit/storage-proxy.ts";
import { watchTools } from "./kit/tool-watch.ts";
import { putFile, removeFile, sendFile } from "./kit/upload.ts";

const KIND = "encode";
const MOST_OVER_SLOWEST = 1.1;
/** All stages and ours at half a megabyte a second take five minutes. */
const ROUNDS = 1;

export const slowLine: Benchmark = {
  id: "B4",
  title: "a film over a slow line, over the slowest of fetch, encode and send",
  run: async (bench) => {
    // What a film waits for at both ends is the same for a long one.
    const film = await makeFilm(bench.shared, KIND, bench.pick(60, 20));
    const cores = shareOutCores();
    if (cores === null) bench.say("cores cannot be shared out here: the line takes time of the encoder");
    const leave = cores === null ? null : stayOn(cores.others);
    bench.defer(() => Promise.resolve(leave?.()));
    const findings: Finding[] = [];
    for (const megabytes of bench.pick([0.5, 2.5, 10], [2.5])) {
      findings.push(await measure(bench, film, megabytes, cores?.encoder));
    }
    return findings;
  },
};

async function measure(
  bench: Bench,
  film: Film,
  megabytes: number,
  cores: string | undefined,
): Promise<Finding> {
  bench.say(`${megabytes} MB/s each way`);
  const proxy = await throttledProxy(bench, megabytes);
  const house = await openHouse(bench, { storage: proxy, cores });
  await house.startAgent("slow");
  const bare = await throttledProxy(bench, megabytes);
  const worker = await startBareWorker(bench);
  bare.toward(worker);
  await putFile(`${worker}/film`, film.path);
  const folder = join(bench.folder, `stages-${megabytes}`);
  mkdirSync(folder);
  const { stages, ours } = await takeTurns(
    { stages: () => runStages(bare.url, folder, cores), ours: () => runOurs(house, film) },
    ROUNDS,
  );
  const [fetched, encoded, sent] = [0, 1, 2].map((at) => median(stages.map((stage) => stage[at] ?? 0)));
  const slowest = Math.max(fetched ?? 0, encoded ?? 0, sent ?? 0);
  const whole = median(ours.map(({ seconds }) => seconds));
  const inTurn = (fetched ?? 0) + (encoded ?? 0) + (sent ?? 0);
  const phases = ours.at(-1)?.phases ?? "";
  return {
    case: `${megabytes} MB/s`,
    value: whole / slowest,
    unit: "ratio",
    target: { most: MOST_OVER_SLOWEST },
    notes: [
      `ours ${number(whole)} s; fetch ${number(fetched ?? 0)}, encode ${number(encoded ?? 0)}, send ${number(sent ?? 0)} s`,
      `one after the other ${number(inTurn)} s: ${number(inTurn / whole)} times ours`,
      `film ${number(film.seconds)} s of ${number(statSync(film.path).size / 1e6)} MB; phases: ${phases}`,
    ],
  };
}

async function throttledProxy(bench: Bench, megabytes: number): Promise<StorageProxy> {
  const proxy = await startStorageProxy(megabytes * 1_000_000);
  bench.defer(() => proxy.stop());
  return proxy;
}

/** Seconds of each stage alone. */
async function runStages(
  host: string,
  folder: string,
  cores: string | undefined,
): Promise<[number, number, number]> {
  const source = join(folder, "film");
  const made = [...RUNGS.map(({ name }) => `${name}.mp4`), "audio.m4a"];
  return [
    await timed(() => download(`${host}/film`, source)),
    await timed(() => ffmpegAside(bestCommand(source, KIND, folder), onCores(cores))),
    await timed(() => Promise.all(made.map((name) => putFile(`${host}/${name}`, join(folder, name))))),
  ];
}

async function runOurs(house: House, film: Film): Promise<{ seconds: number; phases: string }> {
  const before = house.agents.flatMap((agent) => agent.jobs()).length;
  const tools = watchTools(() => house.agents.map(({ pid }) => pid));
  const sent = await sendFile(house.url, film.path);
  const { at: ready } = await house.untilRecord(sent.id, isPlayable);
  const jobs = house.agents.flatMap((agent) => agent.jobs()).slice(before);
  const phases = phaseLine(phasesOf({ answered: sent.answered, ready, jobs, tools: tools.stop() }));
  await removeFile(sent);
  await house.untilIdle();
  return { seconds: (ready - sent.answered) / 1_000, phases };
}
