/**
 * `npm run bench`: the benchmarks of the design, as ratios of ours to the barest thing that does the same, both
 * sides in one run on real parts. `-- B1 B5` runs some, `-- --quick` takes shorter cases, `-- --json` ends with
 * one line of JSON. A missed target is a figure, not a failure; exits 1 where a benchmark could not run or a
 * guard beside its speed did not hold.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Figure } from "./bench/benchmark.ts";
import { benchmarks } from "./bench/benchmarks.ts";
import { buildAgent } from "./bench/kit/built-agent.ts";
import { json, table } from "./bench/kit/report.ts";
import { clearAway, runBenchmark } from "./bench/run.ts";
import { buildWorker } from "./build-worker.ts";
import { onStop } from "./on-stop.ts";
import { CHROMIUM, ensureTools, FFMPEG } from "./system-tools.ts";

const KNOWN = benchmarks.map(({ id, title }) => `  ${id.padEnd(4)} ${title}`).join("\n");
const HELP = `npm run bench -- [B1 B5 …] [options]

Measures ours beside the barest thing that does the same, on real parts, one benchmark after the other. A missed
target is a figure, not a failure; exits 1 where a benchmark could not run or a guard beside its speed did not hold.

  B1 B5 …   runs these; without any, all, which takes hours
  --quick   shorter cases, whose figures say less
  --json    ends with one line of JSON; everything else goes to standard error
  --help    this

CAPCLOUD_BENCH_FILMS names a folder in which films are kept from run to run.

Those there are:
${KNOWN}
`;

const { options, positionals } = readArguments();
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const wanted = positionals.map((id) => id.toUpperCase());
const strange = wanted.find((id) => !benchmarks.some((benchmark) => benchmark.id === id));
if (strange !== undefined) {
  console.error(`There is no benchmark ${strange}. Those there are:\n${KNOWN}`);
  process.exit(1);
}

const say = (text: string) => void process.stderr.write(`${text}\n`);
/** With --json standard output holds only that line. */
const print = options.json ? say : (text: string) => void process.stdout.write(`${text}\n`);
const workerDir = await mkdtemp(join(tmpdir(), "capcloud-bench-"));
/** Films take a while to make; name a folder to keep them from run to run. */
const shared = process.env["CAPCLOUD_BENCH_FILMS"] ?? join(workerDir, "shared");
const cleanUp = async () => {
  await clearAway();
  await rm(workerDir, { recursive: true, force: true });
};
onStop(cleanUp, 130);

const figures: Figure[] = [];
try {
  ensureTools([FFMPEG, CHROMIUM]);
  // Built once for all: a source that changes meanwhile must not fall between the two sides of a ratio.
  await Promise.all([buildWorker(workerDir), buildAgent()]);
  process.env["CAPCLOUD_WORKER_DIR"] = workerDir;
  print(machineLine());
  for (const benchmark of benchmarks) {
    if (wanted.length > 0 && !wanted.includes(benchmark.id)) continue;
    const found = await runBenchmark(benchmark, { quick: options.quick ?? false, shared, say });
    figures.push(...found);
    print(table(benchmark, found));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
await cleanUp();
if (options.json) process.stdout.write(`${json(figures)}\n`);
const held = figures.every(({ guards }) => Object.values(guards).every(({ pass }) => pass));
process.exit(process.exitCode ?? (held ? 0 : 1));

/** Ends with a sentence where an option is unknown. */
function readArguments() {
  const known = { json: { type: "boolean" }, quick: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    const { values, positionals: ids } = parseArgs({ allowPositionals: true, options: known });
    return { options: values, positionals: ids };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(1);
  }
}

/** Figures of a machine that is busy with something else say little; whoever reads them should know. */
function machineLine(): string {
  const cores = cpus();
  const load = loadavg()[0] ?? 0;
  const busy = load > cores.length / 2 ? ": this machine is busy with something else, so expect noise" : "";
  return `${cores.length} cores (${cores[0]?.model ?? "unknown"}), load ${load.toFixed(1)}${busy}\n`;
}
