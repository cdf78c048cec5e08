/**
 * What has become of a file, judged from its jobs; pure. `ready`: all that was wanted is made. `failed`: none
 * of it. `partial`: the rest, with the first reason. Called after each job's end, and by the progress page.
 */
import type { FileStatus } from "../db/schema.ts";
import type { Plan } from "../media/plan.ts";
import { isOpen, type Job, type Made } from "./ledger-types.ts";
import { isAwaited } from "./plan.ts";

export interface Judgement {
  status: FileStatus;
  reason: string | null;
  /** Wanted renditions that will not be, each with its own reason. */
  failed: (Made & { reason: string })[];
}

/** Null while a job is open. */
export function judgeFile(jobs: readonly Job[], plan: Plan | null): Judgement | null {
  if (jobs.length === 0 || jobs.some(({ state }) => isOpen(state))) return null;
  const planned = jobs.filter((job) => !isAwaited(job));
  const wanted = wantedOf(planned);
  const failed = [...wanted.values()].flatMap((made) => {
    const reason = failureOf(made, planned, plan);
    return reason === null ? [] : [{ ...made, reason }];
  });
  const broken = planned.find(({ state }) => state === "dead");
  const reason = failed[0]?.reason ?? broken?.error?.message ?? unplannable(planned, plan);
  if (reason === null) return { status: "ready", reason, failed };
  const usable = [...wanted.values()].some((made) => isUsable(made, planned));
  return { status: usable ? "partial" : "failed", reason, failed };
}

/** Frames by rung, as the planned rectangles that are done reported them. */
export function framesByRung(jobs: readonly Job[]): Map<string, number> {
  const frames = new Map<string, number>();
  for (const job of jobs) {
    const result = job.manifest?.result;
    if (job.state !== "done" || result?.kind !== "video" || isAwaited(job)) continue;
    for (const rung of result.rungs) frames.set(rung.name, (frames.get(rung.name) ?? 0) + rung.frames);
  }
  return frames;
}

function wantedOf(jobs: readonly Job[]): Map<string, Made> {
  const wanted = new Map<string, Made>();
  for (const job of jobs) {
    for (const made of job.makes) if (!isMoot(made, job)) wanted.set(`${made.kind}/${made.name}`, made);
  }
  return wanted;
}

function unplannable(jobs: readonly Job[], plan: Plan | null): string | null {
  const result = jobs.find(({ kind }) => kind === "inspect")?.manifest?.result;
  const seen = result?.kind === "inspect" && result.video !== null;
  return seen && plan === null ? "The video has no frame that could be shown." : null;
}

/** A video file without a picture has no stills to want. */
function isMoot(made: Made, job: Job): boolean {
  const result = job.manifest?.result;
  if (job.state !== "done" || result?.kind !== "inspect" || result.video !== null) return false;
  return made.kind === "poster" || made.kind === "thumbnail";
}

function failureOf(made: Made, jobs: readonly Job[], plan: Plan | null): string | null {
  const parts = partsOf(made, jobs);
  const lost = parts.find(({ state }) => state !== "done");
  if (lost) return lost.error?.message ?? "It could not be made.";
  if (parts.some((job) => lacksPicture(made, job))) return "No picture could be taken from it.";
  return made.kind === "rung" && plan ? shortfallOf(made.name, jobs, plan) : null;
}

function shortfallOf(rung: string, jobs: readonly Job[], plan: Plan): string | null {
  const frames = framesByRung(jobs).get(rung) ?? 0;
  if (frames >= plan.frames) return null;
  return `Only ${frames} of ${plan.frames} frames could be read: the file ends early or is damaged.`;
}

function lacksPicture(made: Made, job: Job): boolean {
  const result = job.manifest?.result;
  if (result?.kind === "inspect") {
    if (made.kind === "poster") return result.poster === null;
    return made.kind === "thumbnail" && result.thumbnail === null;
  }
  return result?.kind === "image" && made.kind === "mp4" && result.mp4 === null;
}

/** Something of it can be shown: it is whole, or a rung that merely ends early. */
function isUsable(made: Made, jobs: readonly Job[]): boolean {
  const parts = partsOf(made, jobs);
  return parts.every((job) => job.state === "done" && !lacksPicture(made, job));
}

function partsOf(made: Made, jobs: readonly Job[]): Job[] {
  return jobs.filter(({ makes }) => makes.some(({ kind, name }) => kind === made.kind && name === made.name));
}
