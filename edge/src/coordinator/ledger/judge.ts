/**
 * What has become of a file, judged from its jobs and from what of its plan has an owner; pure. `ready`: all
 * that was wanted is made. `failed`: none of it. `partial`: the rest, with the first reason. What is made
 * beside the plan, or afterwards, is not asked. Called after each job's end.
 */
import type { FileStatus } from "../../db/schema.ts";
import type { Plan } from "../../media/plan.ts";
import { countSegments } from "../../media/rectangles.ts";
import type { Coverage } from "../store/claim-store.ts";
import { isFinished, isGivenUp, isOpen, type Job, type Made } from "./ledger-types.ts";
import { isExtra, isSide } from "../plans/pieces.ts";

export interface Judgement {
  status: FileStatus;
  reason: string | null;
  /** Wanted renditions that will not be, each with its own reason. */
  failed: (Made & { reason: string })[];
}

interface Evidence {
  /** Planned ones. */
  jobs: readonly Job[];
  plan: Plan | null;
  coverage: readonly Coverage[];
}

/** Null while a job that a ready file needs is open. */
export function judgeFile(
  jobs: readonly Job[],
  plan: Plan | null,
  coverage: readonly Coverage[],
): Judgement | null {
  const planned = jobs.filter((job) => !isExtra(job) && !isSide(job));
  if (planned.length === 0 || planned.some(({ state }) => isOpen(state))) return null;
  const evidence = { jobs: planned, plan, coverage };
  const wanted = wantedOf(evidence);
  const failed = wanted.flatMap((made) => {
    const reason = failureOf(made, evidence);
    return reason === null ? [] : [{ ...made, reason }];
  });
  const broken = planned.find((job) => isGivenUp(job) && job.makes.length === 0);
  const reason = failed[0]?.reason ?? broken?.error?.message ?? unplannable(planned, plan);
  if (reason === null) return { status: "ready", reason, failed };
  const usable = wanted.some((made) => isUsable(made, evidence));
  return { status: usable ? "partial" : "failed", reason, failed };
}

/** By the jobs, and by the plan: a rectangle that was trimmed no longer names what others have made. */
function wantedOf({ jobs, plan }: Evidence): Made[] {
  const wanted = new Map<string, Made>();
  const want = (made: Made) => wanted.set(`${made.kind}/${made.name}`, made);
  for (const job of jobs) if (!isMoot(job)) for (const made of job.makes) want(made);
  for (const { name } of plan?.rungs ?? []) want({ kind: "rung", name });
  for (const { name } of plan?.tracks ?? []) want({ kind: "track", name });
  return [...wanted.values()];
}

function unplannable(jobs: readonly Job[], plan: Plan | null): string | null {
  const result = jobs.find(({ kind }) => kind === "inspect")?.manifest?.result;
  const seen = result?.kind === "inspect" && result.video !== null;
  return seen && plan === null ? "The video has no frame that could be shown." : null;
}

/** A video file without a film has no stills to want. */
function isMoot({ state, manifest }: Job): boolean {
  const result = manifest?.result;
  return state === "done" && result?.kind === "stills" && result.pictures === null;
}

function failureOf(made: Made, evidence: Evidence): string | null {
  const parts = partsOf(made, evidence.jobs);
  const lost = isCovered(made, evidence) ? undefined : parts.find((job) => !isFinished(job));
  if (lost) return lost.error?.message ?? "It could not be made.";
  if (parts.some((job) => lacksPicture(made, job))) return "No picture could be taken from it.";
  return made.kind === "rung" ? shortfallOf(made.name, evidence) : null;
}

function shortfallOf(rung: string, { plan, coverage }: Evidence): string | null {
  const frames = coverage.find(({ track }) => track === rung)?.frames ?? 0;
  if (plan === null || frames >= plan.frames) return null;
  return `Only ${frames} of ${plan.frames} frames could be read: the file ends early or is damaged.`;
}

/** All its segments are there, whoever made them. */
function isCovered({ kind, name }: Made, { plan, coverage }: Evidence): boolean {
  if (plan === null || (kind !== "rung" && kind !== "track")) return false;
  const own = coverage.find(({ track }) => track === name);
  return (own?.segments ?? 0) >= countSegments(plan);
}

function lacksPicture(made: Made, job: Job): boolean {
  const result = job.manifest?.result;
  return result?.kind === "image" && made.kind === "mp4" && result.mp4 === null;
}

/** Something of it can be shown: it is whole, or a rung that merely ends early. */
function isUsable(made: Made, evidence: Evidence): boolean {
  if (isCovered(made, evidence)) return true;
  const parts = partsOf(made, evidence.jobs);
  return parts.length > 0 && parts.every((job) => isFinished(job) && !lacksPicture(made, job));
}

function partsOf(made: Made, jobs: readonly Job[]): Job[] {
  return jobs.filter(({ makes }) => makes.some(({ kind, name }) => kind === made.kind && name === made.name));
}
