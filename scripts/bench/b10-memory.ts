/**
 * B10: memory of the agent's own process, from a film of 10 MB to one of 5 GB (raw pictures, so that a large
 * file is little work). ffmpeg's memory is its own and not counted. A fresh agent for each film: peaks do not
 * go down again.
 */
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { ffmpeg } from "./kit/ffmpeg.ts";
import { type House, openHouse } from "./kit/house.ts";
import { memoryNow, peakMemory } from "./kit/processes.ts";
import { number } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { removeFile, sendFile } from "./kit/upload.ts";

const MEGABYTE = 1_000_000;
/** One raw 1080p picture, 4:2:0. */
const FRAME_BYTES = 1_920 * 1_080 * 1.5;
const MOST_GROWTH = 1.05;
const MOST_MEGABYTES = 150;

export const memory: Benchmark = {
  id: "B10",
  title: "the agent's memory, from a small film to a large one",
  run: async (bench) => {
    const house = await openHouse(bench);
    const [small, large] = bench.pick([10, 4_900] as const, [10, 300] as const);
    const found: Memory[] = [];
    for (const megabytes of [small, large]) {
      const path = join(bench.folder, `${megabytes}.mkv`);
      await makeRaw(path, megabytes);
      const rounds: Memory[] = [];
      for (let round = 0; round < bench.pick(3, 1); round++) {
        rounds.push(await measure(bench, house, path, round));
      }
      found.push({
        idle: median(rounds.map(({ idle }) => idle)),
        peak: median(rounds.map(({ peak }) => peak)),
      });
      await rm(path);
    }
    return findingsOf(found, [small, large]);
  },
};

interface Memory {
  /** Bytes, before its first job. */
  idle: number;
  peak: number;
}

async function measure(bench: Bench, house: House, path: string, round: number): Promise<Memory> {
  const agent = await house.startAgent(`memory-${statSync(path).size}-${round}`);
  const idle = memoryNow(agent.pid);
  const sent = await sendFile(house.url, path);
  const { record } = await house.untilRecord(sent.id, ({ status }) => status !== "processing");
  const peak = peakMemory(agent.pid);
  bench.say(
    `${number(statSync(path).size / MEGABYTE)} MB: ${record.status}, peak ${number(peak / MEGABYTE)} MB`,
  );
  if (record.status !== "ready") throw new Error(`The film ended ${record.status}.`);
  await agent.stop();
  house.agents.pop();
  await removeFile(sent);
  return { idle, peak };
}

async function makeRaw(path: string, megabytes: number): Promise<void> {
  const frames = Math.floor((megabytes * MEGABYTE) / FRAME_BYTES);
  const picture = "testsrc2=s=1920x1080:r=25";
  const raw = ["-frames:v", String(frames), "-c:v", "rawvideo", "-pix_fmt", "yuv420p"];
  await ffmpeg(["-f", "lavfi", "-i", picture, ...raw, path]);
}

function findingsOf(found: readonly Memory[], [from, until]: readonly [number, number]): Finding[] {
  const megabytes = (bytes: number | undefined) => (bytes ?? NaN) / MEGABYTE;
  const [small, large] = found.map(({ peak }) => megabytes(peak));
  const idle = number(megabytes(found[0]?.idle));
  return [
    {
      case: `${until} MB over ${from} MB`,
      value: (large ?? NaN) / (small ?? NaN),
      unit: "ratio",
      target: { most: MOST_GROWTH },
      notes: [`idle ${idle} MB, peaks ${number(small ?? NaN)} and ${number(large ?? NaN)} MB`],
    },
    { case: `peak at ${until} MB`, value: large ?? NaN, unit: "MB", target: { most: MOST_MEGABYTES } },
  ];
}
