/** Runs benchmarks one after the other, each in a folder of its own, and clears away what they started. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, type Benchmark, broken, type Figure, judge } from "./benchmark.ts";

export interface RunOptions {
  quick: boolean;
  /** A folder for what benchmarks share. */
  shared: string;
  say: (text: string) => void;
}

type CleanUp = () => Promise<void>;

/** Of the benchmark that runs now; a signal in the middle of one runs them too. */
let cleanUps: CleanUp[] = [];

export async function runBenchmark(
  benchmark: Benchmark,
  { quick, shared, say }: RunOptions,
): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), `capcloud-bench-${benchmark.id.toLowerCase()}-`));
  cleanUps = [() => rm(folder, { recursive: true, force: true })];
  const bench: Bench = {
    quick,
    folder,
    shared,
    pick: (full, short) => (quick ? short : full),
    say: (text) => say(`${benchmark.id}: ${text}`),
    defer: (cleanUp) => void cleanUps.push(cleanUp),
  };
  try {
    const findings = await benchmark.run(bench);
    return findings.map((finding) => judge(benchmark.id, finding));
  } catch (error) {
    return [broken(benchmark.id, error)];
  } finally {
    await clearAway();
  }
}

export async function clearAway(): Promise<void> {
  for (const cleanUp of cleanUps.splice(0).toReversed()) {
    await cleanUp().catch((error: unknown) => console.error("not cleared away:", error));
  }
}
