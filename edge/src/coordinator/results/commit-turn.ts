/**
 * committing → done, and all that follows from it in the same turn: whose each segment is, what is superseded
 * by that, the jobs that come next, and the word for the catalogue. Called by `verify.ts`.
 */
import type { InspectResult } from "#protocol";
import { frozenPlan, type Head, type Plan } from "../../media/plan.ts";
import { claimsOf, type SegmentClaim } from "../store/claim-store.ts";
import type { Job, JobSpec, StoredObject } from "../ledger/ledger-types.ts";
import { commitJob } from "../ledger/ledger.ts";
import { EMBED_BYTES, mp4Recipe } from "../plans/mp4-recipe.ts";
import { planEmbed, planHead, planMp4, planPieces, planStoryboard, planSubtitles } from "../plans/pieces.ts";
import { planDownload, planIndex, planWaveform, sameOrigin, WHOLE } from "../plans/plan.ts";
import { dropSuperseded } from "../plans/superseding.ts";
import { apply, enqueueJobs, type Turn } from "../turns.ts";
import { supersedeJob } from "../ledger/withdrawal.ts";

/** What a verified job made. */
export interface Committed {
  objects: StoredObject[];
  /** Of an inspection, or of an index. */
  plan: Plan | null;
  /** Of an inspection whose index is still to come. */
  head: Head | null;
}

/** The caller has waited for the storage since it read the job, so state and epoch are looked at once more. */
export function commitTurn(turn: Turn, jobId: string, epoch: number, made: Committed): Job | null {
  const { store, now } = turn;
  const job = store.jobs.find(jobId);
  if (!job || job.epoch !== epoch) return null;
  const done = commitJob(job, made.objects, now);
  if (!done) return null;
  store.claims.claim(claimsFor(turn, done));
  apply(turn, job, done);
  dropSuperseded(turn, done);
  followUp(turn, done, made);
  return done;
}

function claimsFor(turn: Turn, job: Job): SegmentClaim[] {
  const { planId } = job;
  const result = job.manifest?.result;
  if (planId === null || !result) return [];
  const plans = [turn.store.files.planOf(job.fileId), turn.store.files.headOf(job.fileId)];
  const plan = plans.find((known) => known?.id === planId);
  if (!plan) return [];
  const tracks = result.kind === "video" ? result.rungs : result.kind === "audio" ? [result.track] : [];
  return tracks.flatMap((track) => {
    const object = job.objects.find(({ name }) => name === track?.object);
    return track && object ? claimsOf(track, object, { id: job.id, planId }, plan.timescale) : [];
  });
}

function followUp(turn: Turn, done: Job, { plan, head }: Committed): void {
  const result = done.manifest?.result;
  if (result?.kind === "inspect") return followInspection(turn, done, result, plan, head);
  if (result?.kind === "index" && plan !== null) followPlan(turn, done, plan);
  if (result?.kind === "mp4" && done.part === WHOLE) followDownload(turn, done);
}

function followInspection(
  turn: Turn,
  inspection: Job,
  result: InspectResult,
  plan: Plan | null,
  head: Head | null,
): void {
  if (plan !== null) return followPlan(turn, inspection, plan);
  const origin = sameOrigin(inspection);
  const next: (JobSpec | null)[] =
    result.video === null
      ? [planDownload(origin, result), planWaveform(origin, result)]
      : result.video.index === null
        ? [head && planHead(origin, head), planIndex(origin, result)]
        : [];
  if (head !== null) turn.store.files.setHead(inspection.fileId, head);
  enqueueJobs(
    turn,
    next.filter((spec) => spec !== null),
  );
}

/** Everything that a plan asks for; what is there already, the head's rectangle, stays as it is. */
function followPlan(turn: Turn, source: Job, plan: Plan): void {
  const { store } = turn;
  const origin = sameOrigin(source);
  const head = store.files.headOf(source.fileId);
  store.files.setPlan(source.fileId, plan);
  if (head !== null && head.id !== plan.id) dropHead(turn, source.fileId, head);
  const specs = planPieces(origin, plan);
  const pieces = enqueueJobs(turn, specs);
  // A file that was cancelled has none.
  if (pieces.length < specs.length) return;
  const lowest = plan.rungs[0]?.name;
  const makesLowest = ({ makes }: JobSpec) => makes.some(({ name }) => name === lowest);
  const parents = pieces.filter((_, at) => {
    const spec = specs[at];
    return spec !== undefined && makesLowest(spec);
  });
  enqueueJobs(turn, [planMp4(origin, plan, pieces), ...planSubtitles(origin, plan)]);
  enqueueJobs(turn, [planStoryboard(origin, plan, parents)]);
}

/** The index contradicts what was announced before it: what was made of that is not part of the plan. */
function dropHead(turn: Turn, fileId: string, head: Head): void {
  for (const job of turn.store.jobs.ofKind(fileId, ["video"])) {
    if (job.planId === head.id) apply(turn, job, supersedeJob(job, turn.now));
  }
  turn.store.claims.dropPlan(head.id);
}

/** Too large for chat programs: a smaller one, where a rung fits. */
function followDownload(turn: Turn, done: Job): void {
  const plan = turn.store.files.planOf(done.fileId);
  const size = done.objects[0]?.size ?? 0;
  if (!plan || size <= EMBED_BYTES) return;
  const claims = turn.store.claims.ofPlan(plan.id);
  if (mp4Recipe(frozenPlan(plan), claims, EMBED_BYTES) === null) return;
  enqueueJobs(turn, [planEmbed(sameOrigin(done), plan, [done.id])]);
}
