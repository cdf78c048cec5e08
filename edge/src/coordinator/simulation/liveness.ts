/**
 * When faults are over, everything comes to its end: no lease outlives its time, nothing waits beside a slot that is
 * free for it, and sooner or later there is nothing left to do. Asked every few virtual seconds.
 */
import type { JobKind } from "#protocol";
import { leaseCapacity } from "../../../../transcoder-agent/src/machine/free-slots.ts";
import { MINUTE, SECOND } from "../../config.ts";
import type { Badge } from "../frames/badges.ts";
import { isAble, slotFor } from "../grants/schedule.ts";
import type { Needs } from "../ledger/ledger-types.ts";
import type { SimAgent } from "./agent.ts";
import { AVOIDED_MS } from "./promises.ts";
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";

/** By the design: I5. */
const OVERDUE_MS = 5 * SECOND;
const BESIDE_MS = 60 * SECOND;
/**
 * What was never lost and met no machine's own trouble has nobody to avoid, and is granted the moment that it and a
 * slot are there. Well below a minute: the cron grants whatever was forgotten.
 */
const PUSHED_MS = 15 * SECOND;
/** Backoffs, deadlines and drains are shorter than this, each of them; all together still are. */
const SETTLED_MS = 100 * MINUTE;
const LOOK_MS = 5 * SECOND;
const CRON_MS = 65 * SECOND;

interface Open {
  id: string;
  kind: JobKind;
  needs: Needs;
  rank: number;
  state: string;
  leaseEnd: number | null;
  notBefore: number | null;
  losses: number;
  avoid: string | null;
  hedgeOf: string | null;
}

export class Liveness {
  readonly #parts: Simulated;
  readonly #complain: Complain;
  /** An alarm that was lost before is set again by the minute's cron at the latest. */
  #timelyFrom = Infinity;
  /** Since when a job waits beside a free slot. */
  readonly #beside = new Map<string, number>();

  constructor(parts: Simulated, complain: Complain) {
    this.#parts = parts;
    this.#complain = complain;
  }

  /** Until nothing is left to do. */
  async settle(stop: () => boolean): Promise<void> {
    const { world } = this.#parts;
    const end = world.now + SETTLED_MS;
    this.#beside.clear();
    this.#timelyFrom = Math.min(this.#timelyFrom, world.now + CRON_MS);
    while (!this.#isSettled()) {
      if (world.now >= end) {
        return this.#complain(
          "I5 everything ends in time",
          `after ${SETTLED_MS / MINUTE} minutes: ${this.#left()}`,
        );
      }
      await world.run(world.now + LOOK_MS, stop);
      if (stop()) return;
      this.#look();
    }
  }

  #open(): Open[] {
    return this.#parts.object.rows<Open>(
      `select id, kind, needs, rank, state, leaseEnd, notBefore, losses, avoid, hedgeOf from jobs
       where state not in ('done', 'dead', 'cancelled') order by id`,
    );
  }

  #isSettled(): boolean {
    const { object, catalogue, edge } = this.#parts;
    if (this.#open().length > 0 || edge.requests.size > 0) return false;
    if (object.rows("select 1 from outbox limit 1").length > 0) return false;
    return catalogue.rows(UNHEARD).length === 0;
  }

  #left(): string {
    const { object, catalogue, edge } = this.#parts;
    const jobs = this.#open().map(({ id, kind, state }) => `${kind} ${id.slice(-6)} ${state}`);
    const words = object.rows<{ jobId: string; tries: number; error: string }>("select * from outbox");
    const told = words.map(
      ({ jobId, tries, error }) => `word of ${jobId.slice(-6)} (${tries} tries: ${error})`,
    );
    const unheard = catalogue.rows<{ what: string }>(UNHEARD).map(({ what }) => what);
    const requests = [...edge.requests].map(({ name }) => name);
    return [...jobs, ...told, ...unheard, ...requests].join(", ");
  }

  /** Also in the midst of faults, as long as alarms ring and clocks are right. */
  lookOverdue(): void {
    for (const job of this.#open()) this.#judgeTime(job);
  }

  #judgeTime({ id, state, leaseEnd, notBefore }: Open): void {
    const due = state === "leased" ? leaseEnd : state === "retry_wait" ? notBefore : null;
    const late = due === null ? 0 : this.#parts.object.clock - due;
    if (late <= OVERDUE_MS) return;
    this.#complain("I5 everything ends in time", `${id} is ${state}, ${late / SECOND} s past its time`);
  }

  #look(): void {
    const { world, agents } = this.#parts;
    const waiting = new Set<string>();
    for (const job of this.#open()) {
      if (world.now >= this.#timelyFrom) this.#judgeTime(job);
      const free = job.state === "ready" ? agents.find((agent) => this.#couldTake(agent, job)) : undefined;
      if (!free) continue;
      waiting.add(job.id);
      const since = this.#beside.get(job.id) ?? world.now;
      this.#beside.set(job.id, since);
      if (!this.#isLate(job, since)) continue;
      const seconds = (world.now - since) / SECOND;
      this.#complain(
        "I5 everything ends in time",
        `${job.kind} ${job.id} is ready for ${seconds} s beside a free slot of ${free.name}`,
      );
    }
    for (const id of this.#beside.keys()) if (!waiting.has(id)) this.#beside.delete(id);
  }

  /** What was stalled before the faults ended may keep an agent's frames waiting for a while. */
  #isLate({ losses, avoid }: Open, since: number): boolean {
    const { now } = this.#parts.world;
    if (losses > 0 || avoid !== null) return now - since > BESIDE_MS + AVOIDED_MS;
    return now - Math.max(since, this.#timelyFrom) > PUSHED_MS;
  }

  /** As the agent sees it, and where the coordinator has no reason of its own against it. */
  #couldTake(agent: SimAgent, { kind, needs, rank, avoid, hedgeOf }: Open): boolean {
    const { kinds, slots } = agent.traits;
    const seat = { free: agent.freeSlots, capacity: leaseCapacity(slots), kinds, drained: [] };
    if (!isAble(seat, { kind, needs }) || slotFor({ needs, rank }, seat) === null) return false;
    if (hedgeOf !== null && avoid === agent.id) return false;
    const { network, world } = this.#parts;
    const wire = agent.process && network.wires.get(agent.process);
    const badge = wire ? (wire.server.deserializeAttachment() as Badge | null) : null;
    return badge !== null && (badge.drained[kind] ?? 0) <= world.now;
  }
}

const UNHEARD = `
  select 'unsent ' || action || ' of ' || file_id as what from work_outbox where sent_at is null
  union all select 'unsettled file ' || id from files where state = 'stored' and status = 'processing'`;
