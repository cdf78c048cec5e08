/** Runs seeds on all cores, tells how it goes, and shrinks what fails. Called by `scripts/chaos.ts`. */
import { availableParallelism } from "node:os";
import { drawPlan } from "../../../edge/src/coordinator/simulation/plan.ts";
import { shrink } from "../../../edge/src/coordinator/simulation/shrink.ts";
import type { Outcome } from "../../../edge/src/coordinator/simulation/simulate.ts";
import { Threads } from "../../../edge/src/coordinator/simulation/threads.ts";
import { itemLine, violationWords } from "./words.ts";

export interface SeedOptions {
  first: number;
  seeds: number;
  /** Items of the plan that are left in; null: all. */
  only: number[] | null;
  /** Prints the whole course of events. */
  verbose: boolean;
  json: boolean;
  say: (text: string) => void;
}

/** After so many different failures the rest would only repeat them. */
const MOST_FAILURES = 5;
const TOLD_EVERY_MS = 5_000;

interface Tally {
  done: number;
  events: number;
  jobs: number;
  grants: number;
  failures: Outcome[];
}

/** True where every seed held. */
export async function runSeeds(options: SeedOptions): Promise<boolean> {
  const { first, seeds, only, verbose, say } = options;
  const threads = new Threads(Math.min(seeds, availableParallelism()));
  const choices = Array.from({ length: seeds }, (_, at) => ({ seed: first + at, only, verbose }));
  const tally: Tally = { done: 0, events: 0, jobs: 0, grants: 0, failures: [] };
  const began = performance.now();
  const told = setInterval(() => say(progress(tally, seeds)), TOLD_EVERY_MS);
  try {
    await threads.runAll(choices, (outcome) => {
      count(tally, outcome);
      if (verbose) say(outcome.lines.join("\n"));
      return tally.failures.length < MOST_FAILURES;
    });
    clearInterval(told);
    for (const outcome of tally.failures) say(await failureWords(threads, outcome, only));
  } finally {
    clearInterval(told);
    await threads.close();
  }
  say(summary(tally, options, performance.now() - began));
  if (options.json) process.stdout.write(`${jsonOf(tally, options)}\n`);
  return tally.failures.length === 0;
}

function count(tally: Tally, outcome: Outcome): void {
  tally.done += 1;
  tally.events += outcome.steps;
  tally.jobs += outcome.jobs;
  tally.grants += outcome.grants;
  if (outcome.violation) tally.failures.push(outcome);
}

async function failureWords(threads: Threads, outcome: Outcome, only: number[] | null): Promise<string> {
  const { seed, violation } = outcome;
  const plan = drawPlan(seed);
  const items = plan.items.filter(({ id }) => only === null || only.includes(id));
  const fails = async (ids: readonly number[]) => {
    const again = await threads.run({ seed, only: ids });
    return again.violation?.invariant === violation?.invariant;
  };
  const left = await shrink(
    items.map(({ id }) => id),
    fails,
  );
  const smallest = await threads.run({ seed, only: left });
  const shown = items.filter(({ id }) => left.includes(id)).sort((one, other) => one.at - other.at);
  return [
    "",
    violationWords(outcome),
    `  Of its ${items.length} happenings these are enough for it:`,
    ...shown.map((item) => `  ${itemLine(item)}`),
    ...(smallest.violation ? [`  With these alone: ${smallest.violation.text}`] : []),
    `  Replay all of it:  npm run chaos -- --first ${seed} --seeds 1`,
    `  Replay just these: npm run chaos -- --first ${seed} --seeds 1 --only ${left.join(",")} --verbose`,
  ].join("\n");
}

function progress({ done, events, failures }: Tally, seeds: number): string {
  const failed = failures.length === 0 ? "no violation yet" : `${failures.length} violated`;
  return `  ${number(done)} of ${number(seeds)} seeds, ${number(events)} events, ${failed}`;
}

function summary({ done, events, jobs, grants, failures }: Tally, options: SeedOptions, ms: number): string {
  const { first, only } = options;
  const faults = new Map<string, number>();
  for (let seed = first; seed < first + done; seed++) {
    for (const { id, deed } of drawPlan(seed).items) {
      if (only === null || only.includes(id)) faults.set(deed.kind, (faults.get(deed.kind) ?? 0) + 1);
    }
  }
  const kinds = [...faults]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([kind, n]) => `${kind} ${number(n)}`);
  const verdict =
    failures.length === 0
      ? "Every promise held."
      : `${failures.length} seeds broke a promise: ${failures.map(({ seed }) => seed).join(", ")}.`;
  return [
    "",
    `${number(done)} seeds from ${first} in ${(ms / 1_000).toFixed(1)} s: ${number(events)} events, ${number(jobs)} jobs, ${number(grants)} grants.`,
    `What happened: ${kinds.join(", ")}.`,
    verdict,
  ].join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function jsonOf({ done, events, jobs, grants, failures }: Tally, { first }: SeedOptions): string {
  const failed = failures.map(({ seed, violation, trace }) => ({ seed, trace, ...violation }));
  return JSON.stringify({ first, seeds: done, events, jobs, grants, failures: failed });
}
