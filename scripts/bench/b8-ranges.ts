/** B8: ranges and wholes of an original over a bare Worker's `get` of the same bytes, one after the other. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Benchmark, Finding, Guard } from "./benchmark.ts";
import { drain, readBytes } from "./kit/fetching.ts";
import { number } from "./kit/report.ts";
import { timed } from "./kit/sides.ts";
import { median, spread } from "./kit/statistics.ts";
import { compareTwo, startTwo, type TwoWorkerds } from "./kit/two-workerds.ts";
import { putFile, sendFile } from "./kit/upload.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const LEAST = 0.9;

/** `count` requests make one round, so that a round lasts long enough to be measured. */
const CASES = [
  { name: "64 KiB ranges", bytes: 64 * KIB, count: 100 },
  { name: "8 MiB ranges", bytes: 8 * MIB, count: 8 },
  { name: "the whole file", bytes: null, count: 1 },
];

export const ranges: Benchmark = {
  id: "B8",
  title: "our range download over a bare Worker's get, as speed",
  run: async (bench) => {
    const size = bench.pick(200, 64) * MIB;
    const path = join(bench.folder, "noise.bin");
    await writeFile(path, randomBytes(size));
    const two = await startTwo(bench);
    const { raw_url: ours } = await sendFile(two.ours, path);
    const bare = `${two.bare}/object`;
    await putFile(bare, path);
    const findings: Finding[] = [];
    for (const one of CASES) findings.push(await measure(bench, two, { ours, bare, size }, one));
    const guard = await sameBytes(path, ours, size);
    return findings.map((finding) => ({ ...finding, guards: { bytes: guard } }));
  },
};

async function measure(
  bench: Bench,
  two: TwoWorkerds,
  { ours, bare, size }: { ours: string; bare: string; size: number },
  { name, bytes, count }: (typeof CASES)[number],
): Promise<Finding> {
  const round = (url: string) => async (at: number) =>
    timed(async () => {
      for (let request = 0; request < count; request++)
        await drain(url, rangeOf(size, bytes, at * count + request));
    });
  const sides = { ours: round(ours), bare: round(bare) };
  const { times, note } = await compareTwo(two, sides, bench.pick(15, 5));
  const each = (seconds: readonly number[]) => `${number((1_000 * median(seconds)) / count)} ms`;
  return {
    case: name,
    value: median(times.bare) / median(times.ours),
    unit: "ratio",
    target: { least: LEAST },
    notes: [
      `a request of ours ${each(times.ours)}, bare ${each(times.bare)}; rounds of ${count}: ${spread(times.ours, 3)} and ${spread(times.bare, 3)} s`,
      note,
    ],
  };
}

/** Here and there in the file, never the same place twice running. */
function rangeOf(size: number, bytes: number | null, at: number): [number, number] | undefined {
  if (bytes === null) return undefined;
  const from = (at * 7_919 * KIB) % (size - bytes);
  return [from, from + bytes];
}

async function sameBytes(path: string, url: string, size: number): Promise<Guard> {
  const source = await readFile(path);
  const [from, until] = [Math.floor(size / 3), Math.floor(size / 3) + 3 * MIB + 17];
  const part = await readBytes(url, [from, until]);
  return {
    pass: part.equals(source.subarray(from, until)),
    said: `${part.length} bytes from ${from} compared`,
  };
}
