/** B7: a streamed upload, hashed and catalogued, over a bare Worker's `put` of the same bytes. */
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { number } from "./kit/report.ts";
import { timed } from "./kit/sides.ts";
import { median, spread } from "./kit/statistics.ts";
import { compareTwo, startTwo, type TwoWorkerds } from "./kit/two-workerds.ts";
import { putFile, removeFile, type Sent, sendFile } from "./kit/upload.ts";

const MEGABYTE = 1_000_000;
const LEAST = 0.9;
const ROUNDS: Record<number, number> = { 1: 40, 100: 7, 1_000: 3 };
const QUICK_ROUNDS: Record<number, number> = { 1: 15, 100: 3 };

export const upload: Benchmark = {
  id: "B7",
  title: "our streamed upload over a bare Worker's put, as speed",
  run: async (bench) => {
    const two = await startTwo(bench);
    const findings: Finding[] = [];
    for (const megabytes of bench.pick([1, 100, 1_000], [1, 100])) {
      const rounds = bench.pick(ROUNDS, QUICK_ROUNDS)[megabytes] ?? 1;
      findings.push(await measure(bench, two, megabytes, rounds));
    }
    return findings;
  },
};

async function measure(bench: Bench, two: TwoWorkerds, megabytes: number, rounds: number): Promise<Finding> {
  bench.say(`${megabytes} MB, ${rounds} rounds`);
  const path = join(bench.folder, `${megabytes}.bin`);
  await writeNoise(path, megabytes);
  const sent: Sent[] = [];
  const ours = () => timed(async () => void sent.push(await sendFile(two.ours, path)));
  const bare = () => timed(() => putFile(`${two.bare}/object`, path));
  const { times, note } = await compareTwo(two, { ours, bare }, rounds);
  for (const file of sent) await removeFile(file);
  return {
    case: `${megabytes} MB`,
    value: median(times.bare) / median(times.ours),
    unit: "ratio",
    target: { least: LEAST },
    notes: [
      `ours ${number(median(times.ours))} s (${spread(times.ours, 3)}), bare ${number(median(times.bare))} s (${spread(times.bare, 3)})`,
      note,
    ],
  };
}

/** Bytes that nothing compresses and nobody takes for a film. */
async function writeNoise(path: string, megabytes: number): Promise<void> {
  const chunks = function* () {
    for (let at = 0; at < megabytes; at++) yield randomBytes(MEGABYTE);
  };
  await pipeline(Readable.from(chunks()), createWriteStream(path));
}
