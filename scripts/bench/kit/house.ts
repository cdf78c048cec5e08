/**
 * A house for a benchmark: a local edge in a folder of its own, agents as processes whose log and tools are
 * watched, and, where asked for, a proxy before the storage. Drives only what users and agents see.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileRecord, readRecord } from "../../demo/follow.ts";
import { type LocalAgent, startLocalAgent } from "../../local-agents.ts";
import { type LocalEdge, startLocalEdge } from "../../local-edge.ts";
import type { Bench } from "../benchmark.ts";
import { isIdle, type JobSpan, jobsOf, type Line, parseLine } from "./agent-log.ts";
import { AGENT_CLI } from "./built-agent.ts";
import { onCores } from "./cores.ts";
import { cpuOf, cpuOfAll, ourProcesses } from "./processes.ts";
import type { StorageProxy } from "./storage-proxy.ts";

export interface WatchedAgent extends LocalAgent {
  name: string;
  pid: number;
  jobs(): JobSpan[];
  isIdle(): boolean;
}

export interface House {
  url: string;
  edge: LocalEdge;
  agents: WatchedAgent[];
  /** Resolves when it is ready to take jobs. */
  startAgent(name: string, env?: Record<string, string>): Promise<WatchedAgent>;
  /** The record and when it was seen, as soon as it passes the test. */
  untilRecord(id: string, test: (record: FileRecord) => boolean): Promise<{ record: FileRecord; at: number }>;
  untilIdle(): Promise<void>;
  /** Kills the edge outright and starts it again over the same data; resolves when it listens. */
  restartEdge(): Promise<void>;
}

const LIMIT_MS = 1_800_000;
/** A record changes when a job ends, which its agent says: beyond that asking would only cost time of the same cores. */
const SLOW_POLL_MS = 5_000;
/** When all jobs have been reported, the last commit is about to show. */
const FAST_POLL_MS = 20;
/** Nothing of a benchmark is to wait for a rate limit or a lease. */
const VARS = { LOG_LEVEL: "silent", UPLOAD_LIMIT: "1000000", READ_LIMIT: "1000000" };

export interface HouseOptions {
  vars?: Record<string, string>;
  /** Signed addresses lead through it. */
  storage?: StorageProxy;
  /** Where agents run. */
  cores?: string | undefined;
}

export async function openHouse(bench: Bench, options: HouseOptions = {}): Promise<House> {
  const dataDir = `${bench.folder}/house-${Date.now()}`;
  const { storage, cores } = options;
  const through = storage && { R2_ENDPOINT: `${storage.url}/cdn-cgi/local/r2/s3` };
  const vars = { ...VARS, ...options.vars, ...through };
  const others = ourProcesses("workerd");
  const edge = await startLocalEdge({ dataDir, vars });
  bench.defer(() => house.edge.stop());
  storage?.toward(edge.url);
  const agents: WatchedAgent[] = [];
  const news = new News();
  const allIdle = () => agents.every((agent) => agent.isIdle());
  const house: House = {
    url: edge.url,
    edge,
    agents,
    startAgent: async (name, env = {}) => {
      const agent = await startLocalAgent(edge, {
        name,
        dataDir,
        cli: AGENT_CLI,
        output: "pipe",
        behind: onCores(cores),
        env: { ...AGENT_ENV, ...env },
      });
      bench.defer(() => agent.stop());
      const watched = await watchAgent(name, agent, news);
      agents.push(watched);
      return watched;
    },
    untilRecord: (id, test) => untilRecord(edge.url, id, test, { news, isIdle: allIdle }),
    untilIdle: async () => {
      while (!allIdle()) await sleep(FAST_POLL_MS);
    },
    restartEdge: async () => {
      for (const pid of ourProcesses("workerd")) if (!others.includes(pid)) process.kill(pid, "SIGKILL");
      // What cleans up after a process that is gone may complain of that.
      await house.edge.stop().catch(() => {});
      house.edge = await startLocalEdge({ dataDir, vars, port: Number(new URL(edge.url).port) });
    },
  };
  return house;
}

/** Wakes whoever waits when an agent has said something that may have changed a record. */
class News {
  #coming = Promise.withResolvers<void>();

  get next(): Promise<void> {
    return this.#coming.promise;
  }

  tell(): void {
    this.#coming.resolve();
    this.#coming = Promise.withResolvers();
  }
}

const AGENT_ENV = { LOG_LEVEL: "info", LOG_FORMAT: "json" };

async function watchAgent(name: string, agent: LocalAgent, news: News): Promise<WatchedAgent> {
  const { pid, stderr } = agent.process;
  if (pid === undefined || !stderr) throw new Error("The agent did not start.");
  const lines: Line[] = [];
  const ready = Promise.withResolvers<void>();
  createInterface({ input: stderr }).on("line", (text) => {
    const line = parseLine(text);
    if (line === null) return;
    lines.push(line);
    if (line.message === "connected") ready.resolve();
    if (line.message !== "started") news.tell();
  });
  await Promise.race([ready.promise, agent.died]);
  return { ...agent, name, pid, jobs: () => jobsOf(lines), isIdle: () => isIdle(lines) };
}

async function untilRecord(
  url: string,
  id: string,
  test: (record: FileRecord) => boolean,
  { news, isIdle: idle }: { news: News; isIdle: () => boolean },
): Promise<{ record: FileRecord; at: number }> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const line = news.next;
    const record = await readRecord(url, id);
    if (test(record)) return { record, at: Date.now() };
    if (record.status === "failed")
      throw new Error(`${record.name} failed: ${JSON.stringify(record.renditions)}`);
    if (Date.now() > deadline) throw new Error(`${record.name} was not ready after ${LIMIT_MS / 1_000} s.`);
    const pause = idle() ? sleep(FAST_POLL_MS) : Promise.race([line, sleep(SLOW_POLL_MS)]);
    await pause;
  }
}

/** What a viewer needs: every rung and every track. */
export function isPlayable({ renditions }: FileRecord): boolean {
  const wanted = renditions.filter(({ kind }) => kind === "rung" || kind === "track");
  return wanted.some(({ kind }) => kind === "rung") && wanted.every(({ state }) => state === "ready");
}

export interface CpuBill {
  /** ffmpeg and ffprobe. */
  tools: number;
  agents: number;
  workerd: number;
}

/** CPU seconds so far; tools count when they have ended. */
export function cpuBill(agents: readonly WatchedAgent[]): CpuBill {
  const all = agents.map(({ pid }) => cpuOf(pid));
  return {
    tools: all.reduce((total, { ended }) => total + ended, 0),
    agents: all.reduce((total, { own }) => total + own, 0),
    workerd: cpuOfAll(ourProcesses("workerd")),
  };
}

export function billSince(before: CpuBill, after: CpuBill): CpuBill {
  return {
    tools: after.tools - before.tools,
    agents: after.agents - before.agents,
    workerd: after.workerd - before.workerd,
  };
}
