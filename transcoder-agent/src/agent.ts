/**
 * A running agent, put together and taken apart again: workspace, tools, inputs, connection, runner, signals.
 * Started by `cli.ts`; decides nothing about jobs.
 */
import { randomUUID } from "node:crypto";
import { capabilitiesOf, encodersFor, surveyMachine, type Machine } from "./capabilities.ts";
import type { AgentConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { Gate } from "./gate.ts";
import { runJob, type JobTools } from "./job.ts";
import type { Log } from "./log.ts";
import { processJob } from "./processors/index.ts";
import { Runner } from "./runner.ts";
import { Inputs } from "./source/inputs.ts";
import { SourceServer } from "./source/server.ts";
import { Transfer } from "./transfer.ts";
import { VERSION } from "./version.ts";
import { Workspace } from "./workspace.ts";

/** How an agent ended; `cli.ts` makes an exit code of it. */
export type AgentEnd = "drained" | "refused" | "incapable";

/** Requests to storage at a time, of all jobs together. */
const RECEIVING = 8;
const SENDING = 6;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Works until a signal or the edge ends it. */
export async function runAgent(config: AgentConfig, log: Log): Promise<AgentEnd> {
  const signals = listenForSignals();
  const workspace = await Workspace.open(config.workspace);
  try {
    const machine = await surveyMachine({ ...config, log, signal: signals.first }).catch((error: unknown) => {
      if (signals.first.aborted) return null;
      throw error;
    });
    if (machine === null) return "drained";
    for (const trouble of machine.troubles) log.warn(trouble);
    if (machine.kinds.length === 0) return "incapable";
    log.info("ready to work", { ...summaryOf(machine), workspace: workspace.root, version: VERSION });
    return await work(config, machine, workspace, signals, log);
  } finally {
    await workspace.close();
    signals.close();
  }
}

async function work(
  config: AgentConfig,
  machine: Machine,
  workspace: Workspace,
  signals: Signals,
  log: Log,
): Promise<AgentEnd> {
  const transfer = new Transfer();
  const server = await SourceServer.start(log);
  const inputs = new Inputs({ folder: workspace.inputs, server, transfer, gate: new Gate(RECEIVING) });
  const { door: url, key, reconnect, label } = config;
  const introduction = {
    agentVersion: VERSION,
    bootId: randomUUID(),
    label,
    capabilities: capabilitiesOf(machine),
    slots: machine.slots,
  };
  const connection = new Connection({ url, key, reconnect, introduction, log });
  const tools: Omit<JobTools, "encoders"> = {
    ask: (question) => connection.ask(question),
    transfer,
    inputs,
    workspace,
    sending: new Gate(SENDING),
    process: processJob,
    log,
  };
  try {
    return await new Promise<AgentEnd>((resolve, reject) => {
      const runner: Runner = new Runner({
        connection,
        capacity: machine.slots,
        run: (attempt) => runJob(attempt, { ...tools, encoders: encodersFor(attempt.grant.slot, machine) }),
        stopped: ({ sentence }) => {
          log.error(sentence);
          runner.ended().then(() => resolve("refused"), reject);
        },
        log,
      });
      signals.onFirst(() => runner.drain(config.drainMs).then(() => resolve("drained"), reject));
      signals.onSecond(() => runner.hurry());
      connection.start(runner);
    });
  } finally {
    await connection.stop();
    await inputs.close();
    await server.close();
    await transfer.close();
  }
}

function summaryOf({ ffmpeg, encoders, kinds, slots }: Machine) {
  return {
    ffmpeg,
    encoders: encoders.map(({ name }) => name).join(" "),
    kinds: kinds.join(" "),
    slots: `gpu=${slots.gpu} cpu=${slots.cpu} io=${slots.io}`,
  };
}

interface Signals {
  first: AbortSignal;
  onFirst: (act: () => void) => void;
  onSecond: (act: () => void) => void;
  close: () => void;
}

/** The first signal asks to finish, the second to give up, the third does not wait for anything. */
function listenForSignals(): Signals {
  const stages = [new AbortController(), new AbortController()];
  const heard = () => {
    const next = stages.find(({ signal }) => !signal.aborted);
    // 128 + SIGINT, as a shell reports it.
    if (next === undefined) process.exit(130);
    next.abort();
  };
  for (const name of SIGNALS) process.on(name, heard);
  const on = (stage: AbortController | undefined) => (act: () => void) => {
    if (stage?.signal.aborted) act();
    else stage?.signal.addEventListener("abort", act, { once: true });
  };
  return {
    first: stages[0]?.signal ?? AbortSignal.abort(),
    onFirst: on(stages[0]),
    onSecond: on(stages[1]),
    close: () => {
      for (const name of SIGNALS) process.off(name, heard);
    },
  };
}
