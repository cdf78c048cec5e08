/**
 * The agents of a run, each on a seat of its own: key, workspace, line to the edge and tools stay while the process
 * comes and goes. What the agents log goes into the history. The nemesis does things to them; nothing here
 * chooses.
 */
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { descendants } from "../bench/kit/processes.ts";
import { type AgentDoor, type LocalAgent, startLocalAgent } from "../local-agents.ts";
import type { History } from "./history.ts";
import type { SocketProxy } from "./socket-proxy.ts";
import { makeTools, type Tools } from "./tools.ts";

export interface SeatOptions {
  name: string;
  folder: string;
  line: SocketProxy;
  agentKey: AgentDoor["agentKey"];
  history: History;
  drainSeconds: number;
  /** Of an installed package; none: this checkout's agent. */
  cli?: string | undefined;
}

const LogLine = z.object({
  message: z.string(),
  level: z.string(),
  job: z.string().optional(),
  kind: z.string().optional(),
  epoch: z.number().optional(),
  reason: z.string().optional(),
});
export type LogLine = z.infer<typeof LogLine>;

/** Beyond its own time to drain: releases, clean-up and a machine that is busy with all this. */
const DRAIN_SLACK_MS = 60_000;

export class Seat {
  readonly name: string;
  readonly line: SocketProxy;
  readonly tools: Tools;
  /** Somebody is doing something to it: let it be. */
  taken = false;
  heard: (line: LogLine) => void = () => {};
  readonly #options: SeatOptions;
  #agent: LocalAgent | null = null;
  #starting: Promise<void> | null = null;

  constructor(options: SeatOptions) {
    this.#options = options;
    this.name = options.name;
    this.line = options.line;
    this.tools = makeTools(join(options.folder, "tools", options.name));
  }

  /** As the coordinator calls it: the second word of its key. */
  async agentId(): Promise<string> {
    return (await this.#options.agentKey(this.name)).split("_")[1] ?? "";
  }

  get pid(): number | null {
    return this.#agent?.process.pid ?? null;
  }

  /** Once, whoever asks for it; resolves when it is ready to work, or has ended again. */
  async start(): Promise<void> {
    if (this.#agent !== null && this.#starting === null) return;
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    await this.#starting;
  }

  async #start(): Promise<void> {
    const { name, folder, line, agentKey, history, drainSeconds, cli } = this.#options;
    const agent = await startLocalAgent(
      { url: line.url, agentKey },
      {
        name,
        dataDir: folder,
        output: "pipe",
        ...(cli !== undefined && { cli }),
        env: {
          ...{ LOG_LEVEL: "info", LOG_FORMAT: "json", PATH: this.tools.path },
          ...{ CAPCLOUD_RECONNECT_SECONDS: "1", CAPCLOUD_DRAIN_SECONDS: String(drainSeconds) },
          XDG_CACHE_HOME: join(folder, "cache"),
        },
      },
    );
    this.#agent = agent;
    const ready = this.#listen(agent, folder);
    agent.process.once("exit", (code, signal) => {
      if (this.#agent !== agent) return;
      this.#agent = null;
      history.note("agent ended by itself", { agent: name, code, signal });
    });
    history.note("agent started", { agent: name, pid: agent.process.pid ?? null });
    // Before that a signal finds nobody who listens.
    await Promise.race([ready, new Promise((resolve) => agent.process.once("exit", resolve))]);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, and whatever it then takes; answers the exit code, null where it had to be killed. */
  async drain(): Promise<number | null> {
    return this.#end("SIGTERM", this.#options.drainSeconds * 1_000 + DRAIN_SLACK_MS);
  }

  /** Answers how to wake it. With its tools, as a laptop that sleeps; without, as a process that starves. */
  freeze(withTools: boolean): () => void {
    const pid = this.pid;
    if (pid === null) return () => {};
    const all = [pid, ...(withTools ? descendants(pid) : [])];
    for (const one of all) signal(one, "SIGSTOP");
    return () => {
      for (const one of all) signal(one, "SIGCONT");
    };
  }

  async #end(with_: NodeJS.Signals, limitMs = DRAIN_SLACK_MS): Promise<number | null> {
    const agent = this.#agent;
    if (agent === null) return null;
    this.#agent = null;
    const ended = new Promise<number | null>((resolve) => agent.process.once("exit", resolve));
    agent.process.kill(with_);
    const limit = setTimeout(() => agent.process.kill("SIGKILL"), limitMs);
    const code = await ended;
    clearTimeout(limit);
    return code;
  }

  /** Resolves at the line that says it is ready. */
  #listen(agent: LocalAgent, folder: string): Promise<void> {
    const ready = Promise.withResolvers<void>();
    mkdirSync(join(folder, "logs"), { recursive: true });
    const file = createWriteStream(join(folder, "logs", `${this.name}.log`), { flags: "a" });
    if (!agent.process.stderr) throw new Error("The agent's log cannot be read.");
    createInterface({ input: agent.process.stderr })
      .on("line", (text) => {
        file.write(`${text}\n`);
        const line = parseLine(text);
        if (line !== null) this.#note(line);
        if (line?.message === "ready to work") ready.resolve();
      })
      .once("close", () => file.end());
    return ready.promise;
  }

  #note(line: LogLine): void {
    const { message, job, kind, epoch, reason } = line;
    if (job !== undefined) {
      const facts = {
        agent: this.name,
        job,
        kind: kind ?? null,
        epoch: epoch ?? null,
        reason: reason ?? null,
      };
      this.#options.history.note(`job ${message}`, facts);
    }
    this.heard(line);
  }
}

function parseLine(text: string): LogLine | null {
  try {
    return LogLine.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
