/**
 * The Durable Object's platform: its SQLite, which survives, its lives, which do not, its alarm and sockets, and
 * calls from elsewhere. The object itself is the real `Coordinator`.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Coordinator } from "../coordinator.ts";
import type { Chance } from "./random.ts";
import { ServerSocket, SwitchedResponse, type ServerSide, type Wire } from "./wire.ts";
import { createProcess, type Process, type World } from "./world.ts";

/** One way between the edge's Worker and the object, in milliseconds. */
const LATENCY_MS = 8;
/** More often than five times a second, for long, is waiting by asking. */
const MOST_RINGS = 150;
const RINGS_WITHIN_MS = 30_000;
/** An alarm whose handler was cut off rings again. */
const RETRIED_MS = 2_000;

export interface AlarmFault {
  lost: number;
  doubled: number;
  lateMs: number;
  chance: Chance;
}

interface Life {
  process: Process;
  coordinator: Coordinator;
  /** Calls and frames that have no answer yet. */
  pending: Set<(error: Error) => void>;
  handling: number;
}

type SqlValue = string | number | null;

export class ObjectHost implements ServerSide {
  readonly database = new DatabaseSync(":memory:");
  readonly wires = new Set<Wire>();
  alarmFault: AlarmFault | null = null;
  /** Told when the alarm rings without end. */
  restless: (text: string) => void = () => {};
  readonly #rung: number[] = [];
  clockOffset = 0;
  /** Looks at frames on their way. */
  observer: {
    received: (wire: Wire, text: string) => void;
    sent: (wire: Wire, text: string) => void;
  } = { received: () => {}, sent: () => {} };
  #life: Life | null = null;
  #alarmAt: number | null = null;
  #alarming = false;
  #lives = 0;
  readonly #world: World;
  readonly #env: () => Env;
  readonly #chance: Chance;
  readonly #statements = new Map<string, StatementSync>();

  constructor(world: World, env: () => Env, chance: Chance) {
    this.#world = world;
    this.#env = env;
    this.#chance = chance;
  }

  get process(): Process | null {
    return this.#life?.process ?? null;
  }

  /** The object's own clock. */
  get clock(): number {
    return this.#world.now + this.clockOffset;
  }

  /** Nothing that a caller or an agent waits for is under way. */
  get idle(): boolean {
    return this.#life === null || (this.#life.handling === 0 && this.#life.pending.size === 0);
  }

  setClock(offset: number): void {
    this.clockOffset = offset;
    if (this.#life) this.#life.process.clockOffset = offset;
    if (this.#alarmAt !== null) this.#schedule(this.#alarmAt);
  }

  /** Its first life begins, and its tables are there. */
  begin(): void {
    this.#wake();
  }

  /** A stub's method, called by whoever acts now. */
  call(method: string, args: unknown[]): Promise<unknown> {
    const asker = this.#world.current;
    const world = this.#world;
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) =>
        world.after(this.#chance.between(1, LATENCY_MS), asker, `${method} answered`, settle);
      world.after(this.#chance.between(1, LATENCY_MS), world.system, `call ${method}`, () => {
        const life = this.#wake();
        const fail = (error: Error) => void answer(() => reject(error));
        life.pending.add(fail);
        const called: unknown = Reflect.apply(Reflect.get(life.coordinator, method), life.coordinator, args);
        void this.#follow(life, called, fail, (value) => answer(() => resolve(structuredClone(value))));
      });
    });
  }

  /** One of the two hears of the end of a call, unless the life ends before it. */
  async #follow(
    life: Life,
    called: unknown,
    fail: (error: Error) => void,
    done: (value: unknown) => void,
  ): Promise<void> {
    try {
      const value = await called;
      life.pending.delete(fail);
      done(value);
    } catch (error) {
      life.pending.delete(fail);
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The upgrade; the key has been checked. Null: no, or the object ended meanwhile. */
  connect(request: Request, join: (server: ServerSocket | null) => void): void {
    const life = this.#wake();
    const fail = () => join(null);
    life.pending.add(fail);
    void this.#follow(life, life.coordinator.fetch(request), fail, (response) => {
      const switched: unknown = response instanceof SwitchedResponse ? response.webSocket : null;
      join(switched instanceof ServerSocket ? switched : null);
    });
  }

  message(wire: Wire, text: string): void {
    this.observer.received(wire, text);
    const life = this.#wake();
    life.handling += 1;
    void life.coordinator
      .webSocketMessage(socketOf(wire), text)
      .catch(() => {})
      .finally(() => (life.handling -= 1));
  }

  closed(wire: Wire, _code: number): void {
    this.wires.delete(wire);
    this.#wake().coordinator.webSocketClose(socketOf(wire));
  }

  sent(wire: Wire, text: string): void {
    this.observer.sent(wire, text);
  }

  /** `hibernate`: sockets stay, as after ten idle seconds; `close`: a deploy, a crash, a move. */
  end(sockets: "hibernate" | "close"): void {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    this.#world.kill(life.process);
    this.#world.note(`object ends (${sockets})`);
    for (const fail of life.pending)
      fail(new Error("The Durable Object's code was updated, this version can no longer access storage."));
    for (const wire of this.wires) {
      if (sockets === "close") wire.loseServer();
      else wire.server = wire.server.reborn();
    }
    if (sockets === "close") this.wires.clear();
    if (this.#alarming && this.#alarmAt === null) this.#schedule(this.clock + RETRIED_MS);
    this.#alarming = false;
  }

  /** In a checker's hands, outside of time. */
  rows<Row>(sql: string, ...bindings: SqlValue[]): Row[] {
    return this.#statement(sql).all(...bindings) as Row[];
  }

  #wake(): Life {
    if (this.#life === null) {
      const process = createProcess(`object.${(this.#lives += 1)}`);
      process.clockOffset = this.clockOffset;
      this.#world.become(process);
      this.#life = { process, coordinator: this.#construct(process), pending: new Set(), handling: 0 };
    }
    this.#world.become(this.#life.process);
    return this.#life;
  }

  #construct(process: Process): Coordinator {
    const state = {
      id: { name: "main", toString: () => "main" },
      storage: {
        sql: { exec: (query: string, ...bindings: SqlValue[]) => this.#exec(query, bindings) },
        transactionSync: <T>(act: () => T) => this.#atomically(act),
        setAlarm: (at: number) => {
          if (process.alive) this.#schedule(at);
          return Promise.resolve();
        },
      },
      waitUntil: () => {},
      acceptWebSocket: (socket: ServerSocket, tags: string[]) => void accepted.set(socket, tags),
      getWebSockets: (tag?: string) =>
        [...this.wires]
          .filter(({ agentId }) => tag === undefined || agentId === tag)
          .map(({ server }) => server),
      setWebSocketAutoResponse: () => {},
      getWebSocketAutoResponseTimestamp: ({ wire }: ServerSocket) => wire?.pingedAt ?? null,
    };
    const accepted = new WeakMap<ServerSocket, string[]>();
    return new Coordinator(state as unknown as DurableObjectState, this.#env());
  }

  #exec(query: string, bindings: SqlValue[]) {
    if (bindings.length === 0 && query.trim().split(";").length > 2) {
      this.database.exec(query);
      return { toArray: () => [] };
    }
    const rows = this.#statement(query).all(...bindings);
    return { toArray: () => rows };
  }

  #statement(query: string): StatementSync {
    const known = this.#statements.get(query) ?? this.database.prepare(query);
    this.#statements.set(query, known);
    return known;
  }

  #atomically<T>(act: () => T): T {
    this.database.exec("savepoint turn");
    try {
      const value = act();
      this.database.exec("release turn");
      return value;
    } catch (error) {
      this.database.exec("rollback to turn; release turn");
      throw error;
    }
  }

  #schedule(at: number): void {
    this.#alarmAt = at;
    const fault = this.alarmFault;
    if (fault?.chance.hits(fault.lost)) return;
    const late = fault ? fault.chance.between(0, fault.lateMs) : 0;
    this.#ringIn(at - this.clock + late, at);
    if (fault?.chance.hits(fault.doubled)) this.#ringIn(at - this.clock + late + 50, null);
  }

  #countRing(): void {
    const { now } = this.#world;
    this.#rung.push(now);
    if (this.#rung.length <= MOST_RINGS) return;
    const first = this.#rung.shift() ?? 0;
    if (now - first < RINGS_WITHIN_MS)
      this.restless(`the alarm rang ${MOST_RINGS} times in ${(now - first) / 1_000} s`);
  }

  /** One at a time; what is due meanwhile rings afterwards. */
  #ring(): void {
    if (this.#alarming) {
      this.#alarmAt ??= this.clock;
      return;
    }
    this.#alarming = true;
    this.#countRing();
    const life = this.#wake();
    const over = () => {
      if (this.#life !== life) return;
      this.#alarming = false;
      if (this.#alarmAt !== null && this.#alarmAt <= this.clock) this.#schedule(this.#alarmAt);
    };
    void Promise.resolve(life.coordinator.alarm())
      .catch(() => {})
      .finally(over);
  }

  /** `at` null: it rings whatever it is set to. */
  #ringIn(ms: number, at: number | null): void {
    this.#world.after(ms, this.#world.system, "alarm", () => {
      if (at !== null && this.#alarmAt !== at) return;
      if (at !== null) this.#alarmAt = null;
      this.#ring();
    });
  }
}

/** The class takes workerd's sockets; ours has what it uses of them. */
function socketOf({ server }: Wire): WebSocket {
  return server as unknown as WebSocket;
}
