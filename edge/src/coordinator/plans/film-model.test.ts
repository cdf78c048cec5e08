/**
 * A planned film under everything that can happen to its rectangles in any order: waits, splits, trims, hedges,
 * losses and commits, on the real stores and turns. The one invariant: as long as the file lives, each segment
 * of each rung and track has an owner or a job that will make it.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MINUTE } from "../../config.ts";
import { countSegments } from "../../media/rectangles.ts";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import { commitTurn } from "../results/commit-turn.ts";
import { FrontPace } from "../watching/front-pace.ts";
import { hasten } from "../watching/hastening.ts";
import { joinedRecipe } from "./joined-recipe.ts";
import { isOpen, type Job } from "../ledger/ledger-types.ts";
import { completeJob, failTransient, grantJob, releaseJob } from "../ledger/ledger.ts";
import { isExtra, planHedge, planPieces, planMp4 } from "./pieces.ts";
import { reshape } from "../grants/reshaping.ts";
import { pieceOf } from "./superseding.ts";
import { LEASE_MS, NOW, spec } from "../testing/jobs.ts";
import { openTestLedger } from "../testing/node-sql.ts";
import { makeResult } from "../testing/results.ts";
import { apply, enqueueJobs, passTime, openTurn, type Turn } from "../turns.ts";
import { supersedeJob } from "../ledger/withdrawal.ts";

const FILE = "file000001";
const RUNG = { mode: "encode" as const, width: 854, height: 480, ceiling: 1_000_000 };
const plan = planOf(evenFrames(60), {
  fileId: FILE,
  rungs: [
    { ...RUNG, name: "480" },
    { ...RUNG, name: "720" },
    { ...RUNG, name: "1080", mode: "copy" },
  ],
});
const TRACKS = [...plan.rungs, ...plan.tracks].map(({ name }) => name);

class Film {
  readonly store = openTestLedger().store;
  now = NOW;
  #ids = 0;

  constructor() {
    this.store.files.touch(FILE, NOW);
    this.store.files.setPlan(FILE, plan);
    const pieces = enqueueJobs(this.turn(), planPieces(spec(), plan));
    enqueueJobs(this.turn(), [planMp4(spec(), plan, pieces)]);
  }

  turn(random = 0.5): Turn {
    const newId = () => `main.${String((this.#ids += 1)).padStart(6, "0")}`;
    return openTurn({ store: this.store, now: this.now, random: () => random, newId });
  }

  jobs(state?: Job["state"]): Job[] {
    return this.store.jobs.ofFile(FILE).filter((job) => state === undefined || job.state === state);
  }

  grant(found: Job, slots: number): void {
    const turn = this.turn();
    const made = found.recipe === null ? joinedRecipe(found, plan, this.store.claims.ofPlan(plan.id)) : {};
    const job = made && reshape(turn, { ...found, ...made }, slots);
    if (!job) return void apply(turn, found, supersedeJob(found, this.now));
    const secret = { secretHash: `h${this.#ids}`, nonce: `n${this.#ids}`, bootId: "boot" };
    apply(turn, found, grantJob(job, { ...secret, agentId: "a", slot: "io", leaseMs: LEASE_MS }, this.now));
  }

  /** Completed and verified at once. */
  finish({ id }: Job): void {
    const job = this.store.jobs.find(id);
    if (!job?.recipe || job.state !== "leased") return;
    const { uploads, result } = makeResult({ recipe: job.recipe }, 60);
    const objects = uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "e" }));
    apply(this.turn(), job, completeJob(job, { objects, result }, this.now));
    const stored = objects.map((one) => ({ ...one, type: "x/y", key: `${job.prefixes[0]}${one.name}` }));
    commitTurn(this.turn(), id, job.epoch, { objects: stored, plan: null, head: null });
  }
}

type Step = (film: Film, pick: number, random: number) => void;
const one = (jobs: Job[], pick: number): Job | undefined => jobs[pick % Math.max(1, jobs.length)];

const steps: Record<string, Step> = {
  grant: (film, pick, random) => {
    const job = one(film.jobs("ready"), pick);
    if (job) film.grant(job, Math.floor(random * 8));
  },
  finish: (film, pick) => {
    const job = one(film.jobs("leased"), pick);
    if (job) film.finish(job);
  },
  wait: (film, pick, random) => {
    const track = TRACKS[pick % TRACKS.length] ?? "";
    const segment = Math.floor(random * countSegments(plan));
    if (film.store.claims.find(plan.id, track, segment) === null) {
      hasten(film.turn(), plan, { planId: plan.id, track, segment }, new FrontPace());
    }
  },
  hedge: (film, pick) => {
    const job = one(film.jobs("leased"), pick);
    if (job && job.kind === "video" && !isExtra(job)) enqueueJobs(film.turn(), [planHedge(job)]);
  },
  lose: (film, pick, random) => {
    const job = one(film.jobs("leased"), pick);
    if (!job) return;
    const error = { code: "network", message: "It broke." } as const;
    const after =
      random < 0.5 ? releaseJob(job, film.now) : failTransient(job, error, film.now, () => random);
    apply(film.turn(), job, after);
  },
  pass: (film, _, random) => {
    film.now += Math.round(random * MINUTE);
    passTime(film.turn(random), 200);
  },
};

/** Also by a dead job: an admin may redrive it, and the file's reason names it. */
function uncovered(film: Film): string[] {
  const left = new Set<string>();
  for (const track of TRACKS) {
    for (let at = 0; at < countSegments(plan); at++) left.add(`${track} ${at}`);
  }
  for (const { track, segment } of film.store.claims.owned(plan.id)) left.delete(`${track} ${segment}`);
  for (const job of film.jobs().filter(({ state }) => isOpen(state) || state === "dead")) {
    const piece = pieceOf(job.recipe);
    for (let at = piece?.segments[0] ?? 0; at < (piece?.segments[1] ?? 0); at++) {
      for (const track of piece?.tracks ?? []) left.delete(`${track} ${at}`);
    }
  }
  return [...left];
}

test("no order of events loses a segment, and all of the film is made in the end", () => {
  const op = fc.record({
    kind: fc.constantFrom(...Object.keys(steps), "grant", "finish", "finish", "wait", "wait", "wait"),
    pick: fc.nat(99),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(op, { minLength: 60, maxLength: 120, size: "max" }), (ops) => {
      const film = new Film();
      for (const { kind, pick, random } of ops) {
        steps[kind]?.(film, pick, random);
        expect(uncovered(film)).toEqual([]);
      }
      for (let round = 0; round < 60; round++) {
        film.now += 31 * MINUTE;
        passTime(film.turn(), 200);
        for (const { id } of film.jobs("ready")) {
          const job = film.store.jobs.find(id);
          if (job?.state === "ready") film.grant(job, 2);
          if (job) film.finish(job);
        }
      }
      expect(film.jobs().filter(({ state }) => isOpen(state))).toEqual([]);
      const dead = film.jobs("dead").length > 0;
      const owned = film.store.claims.owned(plan.id).length;
      if (!dead) expect(owned).toBe(TRACKS.length * countSegments(plan));
      if (!dead) expect(film.jobs().find(({ kind }) => kind === "mp4")?.state).toBe("done");
      const frames = film.store.claims.coverage(plan.id).find(({ track }) => track === "720")?.frames;
      if (!dead) expect(frames).toBe(plan.frames);
    }),
    { numRuns: 25 },
  );
});
