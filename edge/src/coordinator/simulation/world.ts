/**
 * Virtual time. Everything that happens in a simulation is an event of this queue, owned by a process: the
 * object's present life, an agent, a request to the edge. One event runs at a time, with all that follows from it
 * before anything else is waited for, so within an event only its owner's code runs. What processes want of each other
 * goes through further events. A dead process has no more events; a frozen one has them when it wakes.
 */
import { hash32, type Chance } from "./random.ts";

/** Of one thread: taken before the clocks are replaced. */
const realImmediate = setImmediate;

export interface Process {
  readonly name: string;
  alive: boolean;
  /** Its clock is wrong by so many milliseconds. */
  clockOffset: number;
  /** Events that came while it was stopped; null while it runs. */
  held: Event[] | null;
}

export interface Event {
  readonly at: number;
  readonly order: number;
  readonly owner: Process;
  readonly label: string;
  readonly act: () => void;
  cancelled: boolean;
}

export function createProcess(name: string): Process {
  return { name, alive: true, clockOffset: 0, held: null };
}

/** Lines kept for whoever looks at a failure. */
const LINES = 60;

export class World {
  /** Milliseconds since 1970; what clocks that are right show. */
  now: number;
  steps = 0;
  /** Who acts in this event. */
  current: Process;
  /** Whose code ran in the last event. */
  acted: Process;
  /** The platform between the processes: always there. */
  readonly system = createProcess("system");
  /** Names the whole course of events: the same seed yields the same. */
  trace = 0x811c9dc5;
  readonly lines: string[] = [];
  verbose = false;
  /** Each is told of every request before it leaves, until it answers true. */
  readonly traps = new Set<(label: string, asker: Process) => boolean>();
  #queue = new Heap();
  #order = 0;

  constructor(start: number) {
    this.now = start;
    this.current = this.system;
    this.acted = this.system;
  }

  after(ms: number, owner: Process, label: string, act: () => void): Event {
    const at = this.now + Math.max(0, ms);
    const event = { at, order: (this.#order += 1), owner, label, act, cancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** For the rest of this event somebody else acts. */
  become(process: Process): void {
    this.current = process;
  }

  /** Part of the trace. */
  note(line: string): void {
    this.trace = hash32(line, this.trace);
    this.lines.push(`${((this.now % 86_400_000) / 1_000).toFixed(3)} ${line}`);
    if (this.lines.length > 2 * LINES && !this.verbose) this.lines.splice(0, LINES);
  }

  /** Until there is nothing left to do by `until`, or `stop` says so after an event. */
  async run(until: number, stop: () => boolean): Promise<void> {
    for (;;) {
      const event = this.#queue.peek();
      if (event === undefined || event.at > until) break;
      this.#queue.pop();
      if (event.cancelled || !event.owner.alive) continue;
      if (event.owner.held !== null) {
        event.owner.held.push(event);
        continue;
      }
      this.now = Math.max(this.now, event.at);
      this.steps += 1;
      this.current = event.owner;
      this.note(`${event.owner.name} ${event.label}`);
      event.act();
      // Everything here is made of microtasks; they are all done before the next macrotask.
      await new Promise((resolve) => realImmediate(resolve));
      this.acted = this.current;
      this.current = this.system;
      if (stop()) return;
    }
    this.now = Math.max(this.now, until);
  }

  /** Nothing happens in between: whoever has something to do by then is late. */
  leap(to: number): void {
    this.now = Math.max(this.now, to);
  }

  kill(process: Process): void {
    process.alive = false;
    process.held = null;
  }

  freeze(process: Process): void {
    process.held ??= [];
  }

  thaw(process: Process): void {
    const held = process.held ?? [];
    process.held = null;
    for (const event of held) this.#queue.push(event);
  }

  /**
   * Something done elsewhere: `act` after one latency, whoever asked having died or not; its answer after
   * another, to whoever asked. Its fate may lose either.
   */
  request<T>(
    label: string,
    latency: Chance,
    ms: number,
    act: () => T,
    fateOf: () => Fate = () => FINE,
  ): Promise<T> {
    const asker = this.current;
    for (const trap of this.traps) if (trap(label, asker)) this.traps.delete(trap);
    // A trap may have made it ill.
    const fate = fateOf();
    const there = latency.between(ms / 4, ms) + fate.stallMs;
    return new Promise<T>((resolve, reject) => {
      const answer = (settle: () => void) =>
        this.after(latency.between(ms / 4, ms) + fate.stallBackMs, asker, `${label} answered`, settle);
      this.after(there, this.system, label, () => {
        if (fate.before !== null) return void answer(() => reject(fate.before));
        try {
          const value = act();
          const { after } = fate;
          answer(() => (after === null ? resolve(value) : reject(after)));
        } catch (error) {
          answer(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      });
    });
  }
}

/** What becomes of a request. */
export interface Fate {
  /** It never gets there. */
  before: Error | null;
  /** It is done, and the answer is lost. */
  after: Error | null;
  /** More than usual on the way there, and on the way back. */
  stallMs: number;
  stallBackMs: number;
}
export const FINE: Fate = { before: null, after: null, stallMs: 0, stallBackMs: 0 };

/** By time, then in the order in which they were asked for. */
class Heap {
  readonly #events: Event[] = [];

  peek(): Event | undefined {
    return this.#events[0];
  }

  push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = events[up];
      if (parent === undefined || before(parent, event)) break;
      events[at] = parent;
      at = up;
    }
    events[at] = event;
  }

  pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = events[down];
      if (child === undefined) break;
      const other = events[down + 1];
      if (other !== undefined && before(other, child)) [child, down] = [other, down + 1];
      if (before(last, child)) break;
      events[at] = child;
      at = down;
    }
    events[at] = last;
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
