/**
 * One job from grant to report: room on the disk, a folder, inputs on demand, the processor, uploads while it
 * works, then `complete`, or `fail` with a class. Cleans up in `finally`. Started by `runner.ts`, which owns
 * the lease; a job that was cancelled, lost or released reports nothing.
 */
import { reasonOf } from "./abort.ts";
import { Asking, type Ask, type Verdict } from "./link/asking.ts";
import type { DiskRoom } from "./disk-room.ts";
import { asJobError } from "./machine/disk.ts";
import { Abandoned, JobError } from "./errors.ts";
import type { Encoder } from "./ffmpeg/encoders.ts";
import type { Gate } from "./sending/gate.ts";
import { JobInputs } from "./job-inputs.ts";
import type { Log } from "./log.ts";
import type { JobContext } from "./processors/processor.ts";
import type { Complete, Grant, LeaseRef, Recipe, Result } from "./protocol.ts";
import { redact } from "./redact.ts";
import type { Inputs } from "./source/inputs.ts";
import type { Transfer } from "./transfer.ts";
import { Uploads } from "./sending/uploads.ts";
import type { Workspace } from "./workspace.ts";

/** What all jobs of an agent share. */
export interface JobTools {
  ask: Ask;
  transfer: Transfer;
  inputs: Inputs;
  disk: DiskRoom;
  workspace: Workspace;
  /** How many requests of all jobs may send at a time. */
  sending: Gate;
  encoders: readonly Encoder[];
  /** There is memory for one encode more than there are slots, for as long as one ends and the next begins. */
  overlaps: boolean;
  process: (recipe: Recipe, context: JobContext) => Promise<Result>;
  log: Log;
}

/** One grant as it is being worked off. */
export interface Attempt {
  grant: Grant;
  /** Aborted with `Abandoned` (report nothing) or a `JobError` (report that). */
  signal: AbortSignal;
  /** The lease in its present name. */
  lease: () => LeaseRef;
  progress: (fraction: number) => void;
  /** Its slot may be given to another job: only uploads are left, or an encoder is about to end. */
  processed: () => void;
  /** The agent is shutting down: what fails now may be its doing. */
  stopping: () => boolean;
}

/** What became of a job here: `dropped` was cancelled, lost, given back, or came too late. */
export type Fate = "done" | "failed" | "dropped";

/** Characters of `fail.message` on the wire. */
const MESSAGE_LENGTH = 2_000;

/** Works a grant off and reports. Never throws: what goes wrong is the report. */
export async function runJob(attempt: Attempt, tools: JobTools): Promise<Fate> {
  const { grant } = attempt;
  const log = tools.log.with({ job: grant.lease.job, kind: grant.recipe.kind });
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  log.info("started", { epoch: grant.lease.epoch, slot: grant.slot });
  try {
    const report = await makeRenditions(attempt, { ...tools, log });
    const verdict = await new Asking(tools.ask, attempt.lease, attempt.signal).complete(report);
    if (!verdict.accepted) return refusedFate(log, "its completion", verdict);
    log.info("done", { seconds: seconds(), objects: report.objects.length });
    return "done";
  } catch (error) {
    return reportFailure(error, attempt, tools, log.with({ seconds: seconds() }));
  }
}

async function makeRenditions(
  attempt: Attempt,
  tools: JobTools,
): Promise<Pick<Complete, "objects" | "result">> {
  const { grant } = attempt;
  await tools.disk.enter(grant);
  try {
    return await makeInFolder(attempt, tools);
  } finally {
    tools.disk.leave(grant);
  }
}

async function makeInFolder(
  attempt: Attempt,
  tools: JobTools,
): Promise<Pick<Complete, "objects" | "result">> {
  const { grant } = attempt;
  const folder = await tools.workspace.openJob();
  const broken = new AbortController();
  const signal = AbortSignal.any([attempt.signal, broken.signal]);
  const asking = new Asking(tools.ask, attempt.lease, signal);
  const jobInputs = new JobInputs(grant, tools.inputs, asking, signal);
  const uploads = new Uploads({
    asking,
    transfer: tools.transfer,
    gate: tools.sending,
    signal,
    failed: (error) => broken.abort(error),
  });
  try {
    signal.throwIfAborted();
    const result = await tools.process(grant.recipe, {
      signal,
      workspace: folder,
      log: tools.log,
      encoders: tools.encoders,
      source: (name) => jobInputs.open(name),
      deliver: (product) => uploads.add(product),
      progress: attempt.progress,
      // A GPU has only so many sessions.
      easing: () => void (grant.slot === "cpu" && tools.overlaps && attempt.processed()),
    });
    attempt.processed();
    return { result, objects: await uploads.settled() };
  } catch (error) {
    // Why it was ended says more than how its tools died of it, and so does why their input broke off.
    throw signal.aborted ? reasonOf(signal) : (jobInputs.failure() ?? error);
  } finally {
    broken.abort(new Abandoned("the job is over"));
    await uploads.ended();
    await jobInputs.release();
    await tools.workspace.closeJob(folder);
  }
}

async function reportFailure(error: unknown, attempt: Attempt, tools: JobTools, log: Log): Promise<Fate> {
  if (error instanceof Abandoned) {
    log.info("dropped", { reason: error.message });
    return "dropped";
  }
  const failure = describe(error, tools.workspace.root);
  const asking = new Asking(tools.ask, attempt.lease);
  try {
    // A shutdown charges nobody: Ctrl-C in a terminal reaches the encoder as well as the agent.
    if (attempt.stopping() && failure.class !== "permanent") {
      log.info("given back", { reason: failure.message });
      await asking.release();
      return "dropped";
    }
    const { message: reason, ...kind } = failure;
    log.warn("failed", { ...kind, reason, ...(error instanceof JobError ? {} : { stack: stackOf(error) }) });
    const verdict = await asking.fail(failure);
    if (!verdict.accepted) return refusedFate(log, "its failure", verdict);
  } catch (unreported) {
    log.info("the failure was not reported", { reason: String(unreported) });
  }
  return "failed";
}

function describe(error: unknown, root: string) {
  const known = asJobError(error);
  if (known instanceof JobError) {
    const { failureClass, code, message } = known;
    return { class: failureClass, code, message: redact(message).slice(0, MESSAGE_LENGTH) };
  }
  const message = redact(known.message)
    .replaceAll(root, "…")
    .slice(0, MESSAGE_LENGTH - 100);
  return { class: "transient", code: "crashed", message: `The job ended unexpectedly: ${message}` } as const;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

function refusedFate(log: Log, what: string, verdict: Extract<Verdict, { accepted: false }>): Fate {
  if (verdict.stale) {
    log.info(`${what} came too late: the job was given away`);
    return "dropped";
  }
  log.warn(`the edge refused ${what}`, { reason: verdict.message });
  return "failed";
}
