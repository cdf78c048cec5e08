/**
 * The agent's standing with the coordinator over any number of links: hello and welcome, reconnecting,
 * questions that survive a cut. `runner.ts` listens and asks; nothing here knows what a job does.
 */
import {
  MISUNDERSTANDINGS,
  MOVE_GAP_MS,
  MOVE_MS,
  reconnectDelay,
  RECONNECT,
  type Ending,
  type ReconnectLimits,
} from "./link/ending.ts";
import { Abandoned } from "./errors.ts";
import { Link } from "./link/link.ts";
import type { Log } from "./log.ts";
import { Outstanding, type Answer, type Question } from "./link/outstanding.ts";
import {
  PROTOCOL_VERSION,
  type Cancel,
  type CoordinatorFrame,
  type Drain,
  type Grant,
  type Hello,
  type LeaseRef,
  type Move,
  type Ready,
  type Renew,
  type Renewed,
  type Welcome,
} from "./protocol.ts";

export interface Listener {
  /** Leases to name in a hello. */
  held: () => LeaseRef[];
  welcomed: (welcome: Welcome) => void;
  granted: (grant: Grant) => void;
  cancelled: (cancel: Cancel) => void;
  renewed: (renewed: Renewed) => void;
  drained: (drain: Drain) => void;
  /** A drain is over. */
  resumed: () => void;
  /** No contact for so long that others have the jobs by now. */
  cutOff: () => void;
  /** For good: only a person can mend it. */
  stopped: (ending: Ending) => void;
}

export interface ConnectionOptions {
  /** Where the agent door is: `wss://…/agent`. */
  url: string;
  key: string;
  introduction: Pick<Hello, "agentVersion" | "bootId" | "label" | "capabilities" | "slots">;
  log: Log;
  reconnect?: ReconnectLimits;
  cutOffMs?: number;
  welcomeMs?: number;
  moveGapMs?: number;
  random?: () => number;
}

/** How an agent stands with its edge, as `health.ts` shows it. Times are milliseconds since 1970. */
export interface Standing {
  connected: boolean;
  /** Of the welcome, or of the loss. */
  since: number;
  /** Why the last link ended, or why there has been none. */
  lastError: { sentence: string; at: number } | null;
}

/** After so long without contact an agent stops what it holds (coordination.md). */
const CUT_OFF_MS = 10 * 60_000;
/** Milliseconds from the upgrade to the welcome. */
const WELCOME_MS = 20_000;
/** Milliseconds after which a question is asked again on the same link: a repeat changes nothing. */
const REPEAT_MS = 30_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #log: Log;
  readonly #outstanding = new Outstanding(() => this.#nextSeq());
  #listener: Listener | null = null;
  #url: string;
  #link: Link | null = null;
  #welcomed = false;
  #welcomedBefore = false;
  #tries = 0;
  /** In a row. */
  #misunderstandings = 0;
  #movedAt = -Infinity;
  #standing: Standing = { connected: false, since: Date.now(), lastError: null };
  #seq = 0;
  #stopped = false;
  readonly #timers: Record<"reconnect" | "cutOff" | "welcome" | "repeat", NodeJS.Timeout | undefined> = {
    reconnect: undefined,
    cutOff: undefined,
    welcome: undefined,
    repeat: undefined,
  };

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#url = options.url;
  }

  start(listener: Listener): void {
    this.#listener = listener;
    this.#timers.repeat = setInterval(() => this.#sendDue(REPEAT_MS), REPEAT_MS / 3);
    this.#connect();
  }

  /** Asks, and asks again after every cut, until there is an answer. */
  async ask(question: Question): Promise<Answer> {
    if (this.#stopped) throw new Abandoned("the connection is closed");
    const { answer } = this.#outstanding.ask(question);
    this.#sendDue();
    return answer;
  }

  /** Says something that needs no answer; false while there is no link, since the next hello says it all. */
  tell(frame: Omit<Ready, "seq"> | Omit<Renew, "seq">): boolean {
    if (!this.#welcomed || !this.#link) return false;
    this.#link.send({ ...frame, seq: this.#nextSeq() });
    return true;
  }

  /** The coordinator hears us now. */
  get up(): boolean {
    return this.#welcomed;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** It has been welcomed at some time, whatever the link is doing now. */
  get everWelcomed(): boolean {
    return this.#welcomedBefore;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#welcomed = false;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#outstanding.drop(new Abandoned("the agent stops"));
    await this.#link?.close();
  }

  #nextSeq(): number {
    return (this.#seq += 1);
  }

  #connect(): void {
    const link: Link = new Link(
      this.#url,
      this.#options.key,
      {
        opened: () => this.#sayHello(link),
        received: (frame) => this.#received(link, frame),
        ended: (ending) => this.#ended(ending),
      },
      this.#log,
    );
    this.#link = link;
  }

  #sayHello(link: Link): void {
    link.send({
      type: "hello",
      seq: this.#nextSeq(),
      protocol: PROTOCOL_VERSION,
      ...this.#options.introduction,
      held: this.#listener?.held() ?? [],
    });
    this.#timers.welcome = setTimeout(() => {
      void link.close();
      this.#ended({ sentence: "The edge took the link and said nothing; reconnecting.", next: "again" });
    }, this.#options.welcomeMs ?? WELCOME_MS);
  }

  #received(link: Link, frame: CoordinatorFrame): void {
    switch (frame.type) {
      case "welcome":
        return this.#begin(link, frame);
      case "grant":
        return this.#listener?.granted(frame);
      case "cancel":
        return this.#listener?.cancelled(frame);
      case "renewed":
        return this.#listener?.renewed(frame);
      case "drain":
        return this.#listener?.drained(frame);
      case "resume":
        return this.#listener?.resumed();
      case "move":
        return this.#move(frame);
      case "signed":
      case "accepted":
      case "refused":
        this.#outstanding.settle(frame);
        return;
      case "error":
        if (!this.#outstanding.settle(frame)) this.#log.warn("the edge complains", { reason: frame.message });
    }
  }

  #begin(link: Link, welcome: Welcome): void {
    clearTimeout(this.#timers.welcome);
    clearTimeout(this.#timers.cutOff);
    this.#timers.cutOff = undefined;
    this.#log.info(this.#welcomedBefore ? "connected again" : "connected", { edge: new URL(this.#url).host });
    this.#welcomed = this.#welcomedBefore = true;
    this.#standing = { ...this.#standing, connected: true, since: Date.now() };
    this.#tries = 0;
    link.keepAlive(welcome.pingMs);
    this.#outstanding.resume(welcome);
    this.#listener?.welcomed(welcome);
    this.#sendDue();
  }

  /** Sends what was never sent on this link, and with `olderThan` what waits that many milliseconds. */
  #sendDue(olderThan = Infinity): void {
    if (!this.#welcomed) return;
    const now = Date.now();
    for (const frame of this.#outstanding.due(now - olderThan, now)) this.#link?.send(frame);
  }

  #ended(ending: Ending): void {
    clearTimeout(this.#timers.welcome);
    this.#welcomed = false;
    this.#link = null;
    if (this.#stopped) return;
    const { connected, since } = this.#standing;
    const lastError = { sentence: ending.sentence, at: Date.now() };
    this.#standing = { connected: false, since: connected ? lastError.at : since, lastError };
    this.#misunderstandings = ending.next === "outdated" ? this.#misunderstandings + 1 : 0;
    if (ending.next === "stop" || this.#misunderstandings >= MISUNDERSTANDINGS) {
      this.#listener?.stopped(ending);
      return;
    }
    const { reconnect = RECONNECT, random = Math.random } = this.#options;
    const delay = reconnectDelay(this.#tries++, this.#welcomedBefore, ending.next, reconnect, random);
    this.#log.warn(ending.sentence, { next_try_s: Math.ceil(delay / 1_000) });
    this.#connectIn(delay);
  }

  #connectIn(ms: number): void {
    const cutOffMs = this.#options.cutOffMs ?? CUT_OFF_MS;
    this.#timers.cutOff ??= setTimeout(() => this.#listener?.cutOff(), cutOffMs);
    this.#timers.reconnect = setTimeout(() => this.#connect(), ms);
  }

  /** Another pool of the same edge; the key goes nowhere else. */
  #move({ url }: Move): void {
    const target = URL.canParse(url, this.#url) ? new URL(url, this.#url) : null;
    if (target) target.protocol = target.protocol.replace("http", "ws");
    if (target?.origin !== new URL(this.#url).origin) {
      this.#log.warn(
        "the edge asked to move to another address, which is refused: start the agent with that --edge",
      );
      return;
    }
    const { random = Math.random, reconnect = RECONNECT, moveGapMs = MOVE_GAP_MS } = this.#options;
    if (performance.now() - this.#movedAt < moveGapMs) {
      this.#log.warn("the edge asked to move again too soon: staying here", { path: target.pathname });
      return;
    }
    clearTimeout(this.#timers.welcome);
    this.#movedAt = performance.now();
    this.#url = target.href;
    this.#log.info("moving to another pool", { path: target.pathname });
    void this.#link?.close();
    this.#link = null;
    this.#welcomed = false;
    this.#standing = { ...this.#standing, connected: false, since: Date.now() };
    this.#connectIn(random() * Math.min(MOVE_MS, reconnect.firstMs));
  }
}
