/**
 * Sees every change of a job's row, by a trigger in the object's own SQLite, and holds it against the state
 * machine of the design, written out once more: from where to where, and what it may cost.
 */
import type { JobState, Manifest, StoredObject } from "../ledger/ledger-types.ts";
import { MOST_ATTEMPTS, MOST_LOSSES } from "./promises.ts";
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";

interface Move {
  id: string;
  fileId: string;
  before: JobState;
  state: JobState;
  epochBefore: number;
  epoch: number;
  attemptsBefore: number;
  attempts: number;
  lossesBefore: number;
  losses: number;
  faultsBefore: number;
  faults: number;
  leaseEnd: number | null;
  agentBefore: string | null;
  agentId: string | null;
  bootBefore: string | null;
  prefixes: string;
  objectsBefore: string;
  objects: string;
  manifest: string | null;
  cancelled: number | null;
}

const TRIGGERS = `
  create temp table moves (id, fileId, before, state, epochBefore, epoch, attemptsBefore, attempts, lossesBefore,
    losses, faultsBefore, faults, leaseEnd, agentBefore, agentId, bootBefore, prefixes,
    objectsBefore, objects, manifest, cancelled);
  create temp trigger job_moved after update on main.jobs begin
    insert into moves values (new.id, new.fileId, old.state, new.state, old.epoch, new.epoch, old.attempts,
      new.attempts, old.losses, new.losses, old.faults, new.faults, old.leaseEnd, old.agentId, new.agentId,
      old.bootId, new.prefixes, old.objects, new.objects, new.manifest, (select cancelled from main.files where fileId = new.fileId));
  end;`;

const LEGAL: Readonly<Record<JobState, readonly JobState[]>> = {
  blocked: ["ready", "cancelled"],
  ready: ["leased", "dead", "cancelled"],
  leased: ["ready", "retry_wait", "dead", "committing", "cancelled"],
  committing: ["done", "retry_wait", "dead", "cancelled"],
  retry_wait: ["ready", "cancelled"],
  done: ["ready"],
  dead: ["ready", "cancelled"],
  cancelled: ["ready", "blocked"],
};
/** Of a lease: so long a line was good and an agent well, and yet nothing was renewed. */
const LATE = 1.2;
/** A process that is started anew says hello within that, and its leases end before their time. */
const HELLO_MS = 10_000;

export class LedgerWatch {
  /** Keys of all objects that a job had when it was done. */
  readonly committed = new Set<string>();
  readonly #parts: Simulated;
  readonly #complain: Complain;

  /** The object's tables are there. */
  constructor(parts: Simulated, complain: Complain) {
    this.#parts = parts;
    this.#complain = complain;
    parts.object.database.exec(TRIGGERS);
  }

  look(): void {
    const { object } = this.#parts;
    const moves = object.rows<Move>("select * from temp.moves");
    if (moves.length === 0) return;
    object.rows("delete from temp.moves");
    for (const move of moves) this.#judge(move);
  }

  #judge(move: Move): void {
    const { id, before, state, epoch, epochBefore } = move;
    if (state !== before && !LEGAL[before].includes(state)) {
      this.#complain("I3 no commit by a stale epoch", `${id} went from ${before} to ${state}`);
    }
    const leased = state === "leased" && (before !== "leased" || epoch !== epochBefore);
    if (epoch !== epochBefore + (leased ? 1 : 0)) {
      this.#complain(
        "I3 no commit by a stale epoch",
        `${id}: epoch ${epochBefore} became ${epoch} (${before} → ${state})`,
      );
    }
    if (before === "leased" && state === "leased" && move.agentBefore !== move.agentId) {
      this.#complain(
        "I4 one lease per job",
        `${id} was taken from ${move.agentBefore} for ${move.agentId} in its lease`,
      );
    }
    if (move.cancelled === 1 && state !== "cancelled" && state !== "done" && state !== "dead") {
      this.#complain("I9 nothing uncommitted is served", `${id} of a deleted file is ${state}`);
    }
    this.#judgeCharge(move);
    if (before === "leased" && state !== "leased" && move.losses > move.lossesBefore) this.#judgeLoss(move);
    if (state === "done" && before !== "done") this.#judgeCommit(move);
  }

  #judgeCharge({
    id,
    before,
    state,
    attempts,
    attemptsBefore,
    losses,
    lossesBefore,
    faults,
    faultsBefore,
  }: Move): void {
    const open = state === "ready" || state === "retry_wait" || state === "blocked";
    if (
      attempts > MOST_ATTEMPTS ||
      losses > MOST_LOSSES ||
      (open && (attempts >= MOST_ATTEMPTS || losses >= MOST_LOSSES))
    ) {
      this.#complain(
        "I7 a poison job ends",
        `${id} is ${state} after ${attempts} attempts and ${losses} losses`,
      );
    }
    if (
      before === "ready" &&
      state === "leased" &&
      attempts !== attemptsBefore + 1 &&
      losses >= lossesBefore
    ) {
      this.#complain(
        "I7 a poison job ends",
        `${id} was granted, and its attempts went ${attemptsBefore} → ${attempts}`,
      );
    }
    if (before !== "leased" || state !== "ready") return;
    const free = losses === lossesBefore && faults === faultsBefore;
    if (free && attempts !== attemptsBefore - 1) {
      this.#complain(
        "I11 a drain charges nothing",
        `${id} was given back, and its attempts went ${attemptsBefore} → ${attempts}`,
      );
    }
  }

  #judgeLoss({ id, leaseEnd, agentBefore, bootBefore }: Move): void {
    const { object, observer, world, drains, skewed, leaseMs } = this.#parts;
    if (drains.has(bootBefore ?? "", id) && !skewed())
      this.#complain("I11 a drain charges nothing", `${id} was lost by ${bootBefore}, which ended in order`);
    const agent = this.#parts.agents.find((one) => one.id === agentBefore);
    const wire = agent?.process && this.#parts.network.wires.get(agent.process);
    const well = wire && !wire.spoiled && agent.up && !skewed();
    if (well && world.now - Math.max(wire.since, agent.calmSince) > LATE * leaseMs) {
      const promise = agent.draining ? "I11 a drain charges nothing" : "I5 everything ends in time";
      this.#complain(promise, `${id} was lost by ${agent.name}, which was well and had a good line`);
    }
    const hello = observer.greeted.get(agentBefore ?? "") ?? -Infinity;
    if (skewed() || world.now - hello < HELLO_MS || leaseEnd === null || leaseEnd <= object.clock) return;
    this.#complain(
      "I4 one lease per job",
      `${id} was lost ${Math.round(leaseEnd - object.clock)} ms before its lease ended`,
    );
  }

  /** At the moment of its commit everything is there, below the attempt's own prefixes. */
  #judgeCommit({ id, objectsBefore, objects, manifest, prefixes, cancelled }: Move): void {
    const named = manifest === null ? [] : (JSON.parse(manifest) as Manifest).objects;
    // What is left of an earlier time, where the job is made again, counts as its own.
    const kept = (JSON.parse(objectsBefore) as StoredObject[]).map(({ key }) => key);
    const own = [...(JSON.parse(prefixes) as string[]), ...kept];
    for (const { name, key, etag, size } of JSON.parse(objects) as StoredObject[]) {
      this.committed.add(key);
      const stored = this.#parts.find(key);
      const matches = stored !== null && stored.etag === etag && stored.size === size;
      const lost = this.#parts.rotten.has(key) || cancelled === 1;
      const announced = named.find((object) => object.name === name)?.etag ?? "";
      if (!kept.includes(key) && announced !== "" && announced !== etag) {
        this.#complain(
          "I2 committed once, and it matches",
          `${id} committed ${key} as ${etag}, and its agent had uploaded ${announced}`,
        );
      }
      if (!own.some((prefix) => key.startsWith(prefix))) {
        this.#complain(
          "I3 no commit by a stale epoch",
          `${id} committed ${key}, which is of another attempt`,
        );
      }
      if (!matches && !lost && !this.#parts.isDeleted(id)) {
        this.#complain(
          "I2 committed once, and it matches",
          `${id} committed ${key}, which is ${stored ? "another" : "not there"}`,
        );
      }
    }
  }
}
