/** How far a file has come, pure, from its jobs and claims. What pages and event streams show. */
import { SECOND } from "../../config.ts";
import type { Plan } from "../../media/plan.ts";
import { segmentDurations } from "../../media/timeline.ts";
import { isOpen, type JobSketch, type Work } from "../ledger/ledger-types.ts";
import { isExtra, isSide } from "../plans/pieces.ts";

export interface Progress {
  /** 0 … 1 */
  fraction: number;
  /** Seconds of the timeline that play already, [from, to). */
  ranges: [from: number, to: number][];
  /** Agents at work on it now. */
  agents: number;
  etaSeconds: number | null;
  /** Nobody who could do what is next is connected. */
  waiting: "no_agent" | null;
  making: { kind: string; name: string; fraction: number }[];
  /** The ranges of each rung by itself, so that a player takes one that is there. */
  rungs?: { name: string; ranges: [from: number, to: number][] }[];
  /** Grows with every change; `watch` waits for the next. */
  version: number;
}

/** An inspection stands for this part of a video whose plan is not known yet. */
const UNPLANNED_SHARE = 0.05;
/** What is made of a file before anything else is known of it. */
const FIRST_KINDS: readonly string[] = ["inspect", "stills"];
/** All there is of a film before its index is read. */
const UNPLANNED_KINDS: readonly string[] = ["index", "video"];
/** Below it an estimate is noise. */
const LEAST_FRACTION = 0.02;

/** `able` tells whether any connected agent can do such a job; `claimed` are segments of any rung. */
export function progressOf(
  jobs: readonly JobSketch[],
  plan: Plan | null,
  claimed: readonly number[],
  able: (work: Work) => boolean,
  version: number,
  now: number,
): Progress {
  const needed = jobs.filter((job) => !isExtra(job) && !isSide(job));
  const fraction = fractionOf(needed, plan !== null);
  const leased = jobs.filter(({ state }) => state === "leased");
  const stuck = needed.some((job) => job.state === "ready" && !able(job));
  return {
    fraction,
    ranges: plan ? rangesOf(plan, claimed) : [],
    agents: new Set(leased.map(({ agentId }) => agentId)).size,
    etaSeconds: etaOf(underWay(jobs), plan !== null, now),
    waiting: stuck && leased.length === 0 ? "no_agent" : null,
    making: makingOf(jobs.filter((job) => !isExtra(job))),
    version,
  };
}

function fractionOf(jobs: readonly JobSketch[], planned: boolean): number {
  const total = jobs.reduce((sum, { cost }) => sum + cost, 0);
  if (total === 0) return 1;
  const done = jobs.reduce((sum, job) => sum + job.cost * (isOpen(job.state) ? job.fraction : 1), 0);
  const first = jobs.every(
    ({ kind }) => FIRST_KINDS.includes(kind) || (!planned && UNPLANNED_KINDS.includes(kind)),
  );
  const unplanned = first && jobs.some(({ state }) => isOpen(state));
  return (unplanned ? UNPLANNED_SHARE : 1) * (done / total);
}

/** What open jobs make, and those that are done with it: a rung that was added later began when it was. */
function underWay(jobs: readonly JobSketch[]): JobSketch[] {
  const open = new Set(jobs.filter(({ state }) => isOpen(state)).flatMap(madeBy));
  return jobs.filter((job) => madeBy(job).some((made) => open.has(made)));
}

function madeBy({ makes }: JobSketch): string[] {
  return makes.length === 0 ? ["nothing"] : makes.map(({ kind, name }) => `${kind}/${name}`);
}

function etaOf(jobs: readonly JobSketch[], planned: boolean, now: number): number | null {
  const fraction = fractionOf(
    jobs.filter((job) => !isExtra(job) && !isSide(job)),
    planned,
  );
  const starts = jobs.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt]));
  const busy = jobs.some(({ state }) => state === "leased");
  if (!busy || fraction < LEAST_FRACTION || fraction >= 1) return null;
  const spent = now - Math.min(...starts);
  return Math.max(0, Math.round((spent * (1 - fraction)) / fraction / SECOND));
}

function makingOf(jobs: readonly JobSketch[]): Progress["making"] {
  const sums = new Map<string, { kind: string; name: string; done: number; cost: number; busy: boolean }>();
  for (const job of jobs) {
    for (const { kind, name } of job.makes) {
      const sum = sums.get(`${kind}/${name}`) ?? { kind, name, done: 0, cost: 0, busy: false };
      sum.cost += job.cost;
      sum.done += job.cost * job.fraction;
      sum.busy ||= job.state === "leased" || job.state === "committing";
      sums.set(`${kind}/${name}`, sum);
    }
  }
  return [...sums.values()]
    .filter(({ busy }) => busy)
    .map(({ kind, name, done, cost }) => ({ kind, name, fraction: done / cost }));
}

export function rungRanges(
  plan: Plan,
  claims: readonly { track: string; segment: number }[],
): NonNullable<Progress["rungs"]> {
  return plan.rungs.map(({ name }) => {
    const own = claims.filter(({ track }) => track === name);
    return {
      name,
      ranges: rangesOf(
        plan,
        own.map(({ segment }) => segment),
      ),
    };
  });
}

/** Neighbouring segments become one range. */
function rangesOf(plan: Plan, claimed: readonly number[]): Progress["ranges"] {
  const here = new Set(claimed);
  const ranges: Progress["ranges"] = [];
  let time = 0;
  for (const [segment, seconds] of segmentDurations(plan).entries()) {
    const last = ranges.at(-1);
    if (here.has(segment)) {
      if (last && last[1] === time) last[1] = time + seconds;
      else ranges.push([time, time + seconds]);
    }
    time += seconds;
  }
  return ranges;
}
