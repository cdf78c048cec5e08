/**
 * The nouns of the ledger: a job as one row, what is asked for when one is made, and the seats agents offer.
 * Shared by everything in this room; holds no logic. Times are milliseconds since 1970, as given by the caller.
 */
import type { Complete, FailureCode, JobKind, Recipe, ResourceClass, Slots } from "#protocol";
import type { RenditionKind } from "../../db/schema.ts";

export const JOB_STATES = [
  "blocked",
  "ready",
  "leased",
  "committing",
  "retry_wait",
  "done",
  "dead",
  "cancelled",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/**
 * Who gets what next, highest first. Ageing lifts a waiting job one rank per ten minutes. `awaited`: a viewer waits for
 * it; `first`: a film's first rectangle, since whoever has sent the film is about to look; `head`: what else is
 * needed to begin.
 */
export const RANK = { stills: 0, awaited: 1, first: 2, head: 3, rest: 4, after: 5 } as const;

/** A rendition that a job makes, or has a part in. */
export interface Made {
  kind: RenditionKind;
  name: string;
}

/** An object that a job reads. `name` is what the agent calls it. */
export interface JobInput {
  name: string;
  key: string;
  size: number;
}

/** What identifies a job: asking for the same twice yields the one that is there. */
export interface JobKey {
  fileId: string;
  kind: JobKind;
  /** The plan's id, or the recipe's hash. */
  version: string;
  sourceEtag: string;
  /** The rectangle or stretch; "all" where there is none. */
  part: string;
}

export interface JobSpec extends JobKey {
  owner: string;
  shard: string;
  planId: string | null;
  rank: number;
  /** An encoder, on a GPU or on cores, or little more than reading and writing. */
  needs: Needs;
  /** Where it begins on the timeline, in milliseconds. */
  startMs: number;
  /** What is smaller goes first within a rank: milliseconds from the front, which a seek moves. */
  position: number;
  /** Seconds of picture or sound to be made; fair shares and progress are measured in it. */
  cost: number;
  /** Milliseconds of source the job works through, for its attempt deadline. */
  workMs: number;
  /** Null: resolved at the grant, from what its parents committed. */
  recipe: Recipe | null;
  inputs: JobInput[];
  makes: Made[];
  /** The slow job that this one does once more, on another agent. */
  hedgeOf: string | null;
  /** Jobs that must be done before. */
  parents: string[];
}

export type Needs = "encoder" | "io";

/** The last failure, kept for people and for the file's status. */
export interface JobError {
  code: FailureCode | "parent_failed" | "lost" | "superseded" | "lapsed" | "withdrawn" | "stopped";
  message: string;
}

export const ATTEMPT_OUTCOMES = [
  "open",
  "done",
  "lost",
  "failed",
  "released",
  "fault",
  "cancelled",
  "superseded",
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One grant and what became of it. An adoption goes on with the same one, under a new epoch. */
export interface Attempt {
  epoch: number;
  agentId: string;
  slot: ResourceClass;
  grantedAt: number;
  /** Null while it is under way, verification included. */
  endedAt: number | null;
  outcome: AttemptOutcome;
  error: JobError | null;
}

/** A verified object of a done job. */
export interface StoredObject {
  name: string;
  key: string;
  size: number;
  etag: string;
  type: string;
}

export type Manifest = Pick<Complete, "objects" | "result">;

export interface Job extends Omit<JobSpec, "parents"> {
  id: string;
  state: JobState;
  /** Grows with every grant and adoption, and never resets: the fence. */
  epoch: number;
  attempts: number;
  losses: number;
  /** Agent faults so far; the first two are not charged as attempts. */
  faults: number;
  /** The holder; after the lease, the last holder. */
  agentId: string | null;
  bootId: string | null;
  /** Hash of the current lease's secret, or of the last one's while an adoption is still possible. */
  secretHash: string | null;
  /** What the holder knew before an adoption whose answer it may not have got. */
  formerEpoch: number | null;
  formerHash: string | null;
  slot: ResourceClass | null;
  leaseEnd: number | null;
  deadline: number | null;
  /** Earliest time of the next step, in retry_wait and committing. */
  notBefore: number | null;
  /** Since when it is ready. */
  waitingSince: number;
  /** Its rank now, lifted by ageing; `rank` is where it began. */
  turn: number;
  /** When ageing lifts it next. */
  ageAt: number;
  /** Failed tries to verify what it uploaded, in committing. */
  tries: number;
  /** When somebody last waited for it; null: it is made without being waited for. */
  askedAt: number | null;
  /** The agent that lost or failed it last. */
  avoid: string | null;
  /** 0 … 1 */
  fraction: number;
  error: JobError | null;
  /** Key prefixes of this attempt, newest first: its own, and those of leases it adopted. */
  prefixes: string[];
  manifest: Manifest | null;
  objects: StoredObject[];
  /** The latest attempts, oldest first. */
  history: Attempt[];
  createdAt: number;
  /** Of the last attempt. */
  startedAt: number | null;
  finishedAt: number | null;
}

/** A fresh secret: the agent gets the one, the ledger keeps the other. */
export interface MintedSecret {
  secret: string;
  hash: string;
}

/** Who a lease goes to, and how it is fenced. */
export interface Grantee {
  agentId: string;
  bootId: string;
  slot: ResourceClass;
  secretHash: string;
  /** Makes this attempt's key prefix unlike any other. */
  nonce: string;
  leaseMs: number;
}

export const NO_SLOTS: Slots = { gpu: 0, cpu: 0, io: 0 };

/** A connected agent as the schedule sees it. */
export interface Seat {
  agentId: string;
  kinds: readonly JobKind[];
  /** Kinds it failed at by its own fault lately. */
  drained: readonly JobKind[];
  free: Slots;
  /** Slots in all. */
  capacity: Slots;
  /** Cost units per second, measured, by kind. */
  speed: Partial<Record<JobKind, number>>;
  /** Higher goes first. */
  tier: number;
}

/** A job as progress sees it. */
export type JobSketch = Pick<
  Job,
  "kind" | "needs" | "state" | "part" | "cost" | "fraction" | "agentId" | "startedAt" | "makes"
>;

/** A job as the schedule sees it. */
export interface Waiting
  extends
    Work,
    Pick<
      Job,
      "id" | "owner" | "rank" | "turn" | "position" | "cost" | "avoid" | "losses" | "waitingSince" | "hedgeOf"
    > {
  /** Agents that have the file's bytes already, or did lately. */
  holders: readonly string[];
}

/** What an agent says of a lease, its secret already hashed. */
export interface Claim {
  agentId: string;
  epoch: number;
  hash: string;
}

/** What a job asks of an agent. */
export type Work = Pick<Job, "kind" | "needs">;

/** Whoever waited for it may go on: it is done, or others have made all of it. */
export function isFinished({ state, error }: Pick<Job, "state" | "error">): boolean {
  return state === "done" || (state === "cancelled" && error?.code === "superseded");
}

/** Nobody will make it, unless somebody has it redriven. */
export function isGivenUp({ state, error }: Pick<Job, "state" | "error">): boolean {
  if (state !== "cancelled") return state === "dead";
  return error?.code === "parent_failed" || error?.code === "stopped";
}

export function isOpen(state: JobState): boolean {
  return state !== "done" && state !== "dead" && state !== "cancelled";
}
