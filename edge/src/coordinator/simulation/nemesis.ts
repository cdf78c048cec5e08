/**
 * Does what the plan says, when it says so, and makes it good again when its time or the whole time of faults is
 * over. Knows how to hurt each part; judges nothing.
 */
import { JobError } from "../../../../transcoder-agent/src/errors.ts";
import { SECOND } from "../../config.ts";
import type { Fault, Point, Trouble } from "./fault-plan.ts";
import { forge } from "./forgery.ts";
import { interfere } from "./operator.ts";
import type { Health } from "./faults.ts";
import type { Item } from "./plan.ts";
import { SHARDS } from "./plan.ts";
import { chance, type Chance } from "./random.ts";
import type { Simulated } from "./simulated.ts";
import type { SimAgent } from "./agent.ts";

/** Until the platform or a person starts a machine again after the time of faults. */
const SOON_MS = 500;
/** What hurts most in the midst of a job, and for how many seconds that is waited for. */
const AT_WORK: readonly string[] = ["kill", "power", "freeze", "terminate", "sick", "cut", "away"];
const PATIENCE = 60;
/** A job that soon ends by itself is hardly hurt. */
const WORTH_MS = 12 * SECOND;
const LONG_LEASES = 1.3;
const FORGED_AFTER_MS = [0, 3_000, 10_000, 30_000];
/** A stalled request takes at most so long. */
const STALL_MS = 40 * SECOND;

export class Nemesis {
  readonly #parts: Simulated;
  readonly #seed: number;
  cronless = false;
  #calm = false;

  constructor(parts: Simulated, seed: number) {
    this.#parts = parts;
    this.#seed = seed;
    parts.edge.announcing = ({ nature, id }) => {
      if (nature === "corrupt") this.#expectLate(chance(seed, "late", id));
    };
  }

  do({ id, deed }: Item): void {
    const { edge } = this.#parts;
    switch (deed.kind) {
      case "upload":
        return edge.upload(deed.file);
      case "delete":
        return edge.remove(deed.file, deed.lurks);
      case "viewer":
        return edge.watch(deed.viewer);
      default:
        this.#strike(deed, chance(this.#seed, "strike", id));
    }
  }

  /** Everything works from now on. Links that were sick are cut: on a link that lives, nothing is lost. */
  calm(): void {
    const { world, object, catalogue, buckets, network, relay, agents } = this.#parts;
    this.#calm = true;
    world.traps.clear();
    object.alarmFault = null;
    object.setClock(0);
    this.cronless = false;
    for (const { health } of [catalogue, ...buckets.values()]) health.recover();
    network.doubled = 0;
    network.away.clear();
    relay.cutOff.clear();
    for (const agent of agents) {
      this.#heal(agent);
      world.after(SOON_MS, world.system, `${agent.name} is looked after`, () => agent.start());
    }
    for (const wire of network.wires.values()) if (wire.sickness || wire.halfOpen) wire.cut();
  }

  #heal(agent: SimAgent): void {
    agent.slowness = 1;
    agent.hanging = false;
    agent.trouble = null;
    this.#setSkew(agent, 0);
    if (agent.process?.held) agent.resume();
  }

  #strike(fault: Fault, stream: Chance): void {
    const { world, object, network, edge } = this.#parts;
    switch (fault.kind) {
      case "storm":
        for (const wire of network.wires.values()) wire.cut();
        return;
      case "rot":
        return this.#rot(stream, PATIENCE);
      case "operator":
        return interfere(this.#parts, stream);
      case "broken-requests":
        for (const process of edge.requests) world.kill(process);
        return edge.requests.clear();
      case "crash":
      case "evict":
        return this.#endObject(fault.kind === "crash" ? "close" : "hibernate", fault.point, stream);
      case "object-skew":
        object.setClock(fault.offset);
        return this.#later(fault.ms, () => object.setClock(0));
      case "alarms":
        object.alarmFault = { ...fault, chance: stream };
        return this.#later(fault.ms, () => (object.alarmFault = null));
      case "cronless":
        this.cronless = true;
        return this.#later(fault.ms, () => (this.cronless = false));
      case "d1":
        return this.#infect(this.#parts.catalogue.health, fault, stream);
      case "r2": {
        const bucket = this.#parts.buckets.get(SHARDS[fault.shard] ?? "");
        return bucket && this.#infect(bucket.health, fault, stream);
      }
      default: {
        const agent = this.#parts.agents[fault.agent];
        const waits = AT_WORK.includes(fault.kind) && stream.hits(0.7) ? PATIENCE : 0;
        // A drain is put to the proof by what outlives a lease.
        const worth = fault.kind === "terminate" ? LONG_LEASES * this.#parts.leaseMs : WORTH_MS;
        if (agent) this.#whenBusy(agent, waits, worth, () => this.#strikeAgent(agent, fault, stream));
      }
    }
  }

  /** Looks each second whether the agent is at work for some time, and strikes in any case in the end. */
  #whenBusy(agent: SimAgent, seconds: number, worthMs: number, strike: () => void): void {
    if (this.#calm) return;
    if (seconds === 0 || (agent.busy && agent.remainingMs > worthMs)) return strike();
    this.#later(SECOND, () => this.#whenBusy(agent, seconds - 1, worthMs, strike));
  }

  #strikeAgent(agent: SimAgent, fault: Extract<Fault, { agent: number }>, stream: Chance): void {
    const wire = agent.process && this.#parts.network.wires.get(agent.process);
    const back = (ms: number) => this.#later(ms, () => agent.start());
    switch (fault.kind) {
      case "kill":
        agent.kill();
        return back(fault.ms);
      case "power":
        if (wire) wire.halfOpen = true;
        agent.kill();
        return back(fault.ms);
      case "freeze":
        agent.stop();
        return this.#later(fault.ms, () => agent.resume());
      case "terminate":
        agent.terminate();
        if (stream.hits(0.3)) this.#later(fault.ms / 4, () => agent.draining && agent.terminate());
        return back(fault.ms + agent.traits.graceMs + 20 * SECOND);
      case "hang":
        agent.hanging = true;
        return this.#later(fault.ms, () => (agent.hanging = false));
      case "disk":
        agent.trouble = new JobError(
          stream.pick(["disk_full", "encoder_gone"]),
          "It is the machine's own trouble.",
        );
        return this.#later(fault.ms, () => (agent.trouble = null));
      case "away":
        return this.#sendAway(agent, fault.ms, stream);
      case "deaf":
        if (wire) wire.halfOpen = true;
        return this.#later(fault.ms, () => wire?.halfOpen && wire.cut());
      case "slow":
        agent.slowness = fault.factor;
        return this.#later(fault.ms, () => (agent.slowness = 1));
      case "skew":
        this.#setSkew(agent, fault.offset);
        return this.#later(fault.ms, () => this.#setSkew(agent, 0));
      case "sick":
        if (wire) wire.sickness = fault.sickness;
        return this.#later(fault.ms, () => wire?.sickness && wire.cut());
      case "cut":
        return wire?.cut();
      case "forge":
        for (const ms of FORGED_AFTER_MS) this.#later(ms, () => wire && forge(this.#parts, wire, stream));
    }
  }

  /** The whole line: no link, and perhaps no storage. */
  #sendAway(agent: SimAgent, ms: number, stream: Chance): void {
    const { network, relay } = this.#parts;
    const wire = agent.process && network.wires.get(agent.process);
    network.away.add(agent.name);
    if (stream.hits(0.5)) relay.cutOff.add(agent.name);
    if (wire && stream.hits(0.5)) wire.halfOpen = true;
    else wire?.cut();
    this.#later(ms, () => {
      network.away.delete(agent.name);
      relay.cutOff.delete(agent.name);
      if (wire?.halfOpen) wire.cut();
    });
  }

  #setSkew(agent: SimAgent, offset: number): void {
    agent.clockOffset = offset;
    if (agent.process) agent.process.clockOffset = offset;
  }

  /** An object of the storage is lost: a derived one, since of an original it could only be told. Waits for one. */
  #rot(stream: Chance, seconds: number): void {
    if (this.#calm) return;
    const { buckets, rotten } = this.#parts;
    const found = [...buckets.values()].flatMap((bucket) =>
      [...bucket.objects.keys()].filter((key) => key.startsWith("r/")).map((key) => ({ bucket, key })),
    );
    if (found.length === 0) {
      if (seconds > 0) this.#later(SECOND, () => this.#rot(stream, seconds - 1));
      return;
    }
    const { bucket, key } = stream.pick(found);
    rotten.add(key);
    bucket.objects.delete(key);
  }

  #endObject(sockets: "close" | "hibernate", point: Point, stream: Chance): void {
    const { world, object } = this.#parts;
    // It sleeps only when no frame and no call is under way; what goes on behind an answer may be.
    const end = () => {
      if (sockets === "close" || object.idle) return object.end(sockets);
      world.after(stream.between(1, 20), world.system, "falls asleep", end);
    };
    if (point === "now") return end();
    world.traps.add((label, asker) => {
      if (asker !== object.process || !label.startsWith(point)) return false;
      world.after(stream.between(0, 60), world.system, `ends at ${label}`, end);
      return true;
    });
  }

  #infect(health: Health, { ms, before, after, stall }: Trouble, stream: Chance): void {
    const from = this.#parts.world.now;
    health.fall({ from, until: from + ms, before, after, stall, stallMs: STALL_MS, chance: stream });
  }

  /** The catalogue takes its time to hear what the coordinator expects of a file, which fails meanwhile. */
  #expectLate(stream: Chance): void {
    if (this.#calm) return;
    const { world, object, catalogue } = this.#parts;
    const slow = { before: 0, after: 0, stall: 1, stallMs: STALL_MS, chance: stream };
    world.traps.add((label, asker) => {
      if (asker !== object.process || !label.startsWith("d1")) return false;
      catalogue.health.fall({ ...slow, from: world.now, until: world.now + 0.001 });
      return true;
    });
  }

  #later(ms: number, act: () => unknown): void {
    const { world } = this.#parts;
    world.after(ms, world.system, "fault over", () => void act());
  }
}
