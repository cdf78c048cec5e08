/**
 * A running agent, put together and taken apart again: workspace, tools, inputs, connection, runner, signals.
 * Started by `cli.ts`; decides nothing about jobs.
 */
import { randomUUID } from "node:crypto";
import {
  capabilitiesOf,
  encodersFor,
  overlaps,
  surveyMachine,
  type Machine,
} from "./machine/capabilities.ts";
import type { AgentConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { DiskRoom } from "./disk-room.ts";
import { leaseCapacity } from "./machine/free-slots.ts";
import { Gate } from "./sending/gate.ts";
import { runJob, type JobTools } from "./job.ts";
import { healthOf } from "./machine/health.ts";
import { HealthServer } from "./machine/health-server.ts";
import type { Log } from "./log.ts";
import { processJob } from "./processors/index.ts";
import { Keeper, readingsOf } from "./rest/keeper.ts";
import { Runner } from "./runner.ts";
import { listenForSignals, whenAborted, type Signals } from "./signals.ts";
import { Inputs } from "./source/inputs.ts";
import { SourceServer } from "./source/server.ts";
import { Transfer } from "./transfer.ts";
import { VERSION } from "./version.ts";
import { Workspace } from "./workspace.ts";

/** How an agent ended; `cli.ts` makes an exit code of it. */
export type AgentEnd = "drained" | "unreachable" | "refused" | "incapable" | "outdated";

/** Requests to storage at a time, of all jobs together; a large one that sends counts for several. */
const RECEIVING = 8;
const SENDING = 6;
/** Milliseconds between two looks whether there has been nothing to do for long enough. */
const IDLE_LOOK_MS = 250;

/** Works until a signal or the edge ends it. */
export async function runAgent(config: AgentConfig, log: Log): Promise<AgentEnd> {
  const signals = listenForSignals();
  try {
    const workspace = await Workspace.open(config.workspace);
    try {
      const machine = await survey(config, signals, log);
      if (machine === null) return "drained";
      for (const trouble of machine.troubles) log.warn(trouble);
      if (machine.kinds.length === 0) return "incapable";
      log.info("ready to work", { ...summaryOf(machine), workspace: workspace.root, version: VERSION });
      return await work(config, machine, workspace, signals, log);
    } finally {
      await workspace.close();
    }
  } finally {
    signals.close();
  }
}

/** Null when a signal came first. */
async function survey(config: AgentConfig, { first }: Signals, log: Log): Promise<Machine | null> {
  try {
    return await surveyMachine({ ...config, log, signal: first });
  } catch (error) {
    if (first.aborted) return null;
    throw error;
  }
}

async function work(
  config: AgentConfig,
  machine: Machine,
  workspace: Workspace,
  signals: Signals,
  log: Log,
): Promise<AgentEnd> {
  const connection = new Connection({
    url: config.door,
    key: config.key,
    reconnect: config.reconnect,
    introduction: introduce(config, machine),
    log,
  });
  const transfer = new Transfer();
  const server = await SourceServer.start(log);
  const inputs = new Inputs({ folder: workspace.inputs, server, transfer, gate: new Gate(RECEIVING) });
  const tools: Omit<JobTools, "encoders"> = {
    ask: (question) => connection.ask(question),
    transfer,
    inputs,
    disk: new DiskRoom(workspace.root, inputs),
    workspace,
    sending: new Gate(SENDING),
    overlaps: overlaps(machine),
    process: processJob,
    log,
  };
  try {
    return await takeJobs(config, connection, machine, tools, signals);
  } finally {
    await connection.stop();
    await inputs.close();
    await server.close();
    await transfer.close();
  }
}

async function takeJobs(
  config: AgentConfig,
  connection: Connection,
  machine: Machine,
  tools: Omit<JobTools, "encoders">,
  signals: Signals,
): Promise<AgentEnd> {
  const { log } = tools;
  let end: (how: AgentEnd) => void = () => {};
  const ended = new Promise<AgentEnd>((resolve) => (end = resolve));
  const runner = new Runner({
    connection,
    capacity: machine.slots,
    run: (attempt) => runJob(attempt, { ...tools, encoders: encodersFor(attempt.grant.slot, machine) }),
    stopped: ({ sentence, next }) => {
      log.error(sentence);
      end(next === "outdated" ? "outdated" : "refused");
    },
    log,
  });
  whenAborted(signals.first, () => end("drained"));
  whenAborted(signals.second, () => runner.hurry());
  const stopWatching = await watch(config, {
    connection,
    runner,
    machine,
    tools,
    idle: end,
  });
  try {
    connection.start(runner);
    const how = await ended;
    await (how === "drained" ? runner.drain(config.drainMs) : runner.ended());
    return how;
  } finally {
    await stopWatching();
  }
}

interface Watched {
  connection: Connection;
  runner: Runner;
  machine: Machine;
  tools: Omit<JobTools, "encoders">;
  /** Nothing has been held for as long as the owner waits. */
  idle: (how: AgentEnd) => void;
}

/** What goes on beside the jobs: when to rest, when to end, and the health page. Answers how to stop it. */
async function watch(config: AgentConfig, watched: Watched): Promise<() => Promise<void>> {
  const { connection, runner, machine, tools, idle } = watched;
  const started = Date.now();
  const facts = {
    version: VERSION,
    label: config.label,
    edge: config.edge.host,
    started,
    slots: machine.slots,
  };
  const read = () => healthOf({ ...facts, standing: connection.standing, runner: runner.state });
  const health = config.health && (await HealthServer.start(config.health, read));
  if (health) tools.log.info("health is told", { at: `${health.url}/healthz` });
  const keeper = new Keeper({
    rules: config.rest,
    readings: await readingsOf(config.rest, tools.workspace.root),
    working: () => runner.state.jobs.length > 0,
    changed: (rest) => runner.rest(rest, config.rest.graceMs),
    log: tools.log,
  });
  await keeper.start();
  const { exitWhenIdleMs } = config;
  const look = () => {
    if (exitWhenIdleMs === null || runner.idleMs < exitWhenIdleMs) return;
    clearInterval(timer);
    tools.log.info("nothing to do for long enough: ending", { seconds: Math.round(exitWhenIdleMs / 1_000) });
    idle(connection.everWelcomed ? "drained" : "unreachable");
  };
  const timer = exitWhenIdleMs === null ? undefined : setInterval(look, IDLE_LOOK_MS);
  return async () => {
    clearInterval(timer);
    keeper.stop();
    await health?.close();
  };
}

function introduce({ label }: AgentConfig, machine: Machine) {
  return {
    agentVersion: VERSION,
    bootId: randomUUID(),
    label,
    capabilities: capabilitiesOf(machine),
    slots: leaseCapacity(machine.slots),
  };
}

function summaryOf({ ffmpeg, encoders, kinds, slots }: Machine) {
  return {
    ffmpeg,
    encoders: encoders.map(({ name }) => name).join(" "),
    kinds: kinds.join(" "),
    slots: `gpu=${slots.gpu} cpu=${slots.cpu} io=${slots.io}`,
  };
}
