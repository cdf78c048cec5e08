/**
 * The edge as `npm start` runs it, in a process of its own that can be killed outright and started again on the
 * same port and data. Its cron runs each minute, as in production.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../build-worker.ts";
import { tethered } from "../tether.ts";

export interface EdgeProcess {
  url: string;
  readonly up: boolean;
  start(): Promise<void>;
  /** SIGKILL, workerd included. */
  kill(): Promise<void>;
  /** Ctrl-C, as a deploy or a person would. */
  stop(): Promise<void>;
}

export interface EdgeOptions {
  port: number;
  dataDir: string;
  vars: Record<string, string>;
  /** What it wrote at the end, where it did not start. */
  said: (text: string) => void;
  /** It ended although nobody had asked it to. */
  died: (what: string) => void;
}

const START_LIMIT_MS = 60_000;
const POLL_MS = 50;

export function createEdgeProcess({ port, dataDir, vars, said, died }: EdgeOptions): EdgeProcess {
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    if (ending === null) return;
    child = null;
    const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
    ending.kill(signal);
    if (ending.exitCode === null && ending.signalCode === null) await ended;
    // workerd dies with it, and a moment later.
    await until(async () => !(await answers(url)), "the edge's port to be free");
  };
  return {
    url,
    get up() {
      return child !== null;
    },
    start: async () => {
      const [command, args] = tethered("KILL", process.execPath, [join(root, "scripts", "start.ts")]);
      const env = { ...process.env, ...vars, PORT: String(port), CAPCLOUD_DATA: dataDir, AGENTS: "0" };
      const started = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
      for (const stream of [started.stdout, started.stderr]) {
        stream.on("data", (chunk: Buffer) => said(chunk.toString()));
      }
      child = started;
      started.once("exit", (code, signal) => {
        if (child !== started) return;
        child = null;
        died(`the edge ended by itself (${String(code ?? signal)})`);
      });
      await until(async () => {
        if (started.exitCode !== null) throw new Error(`The edge did not start (exit ${started.exitCode}).`);
        return answers(url);
      }, "the edge to answer");
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

export async function until(
  test: () => Promise<boolean>,
  what: string,
  limitMs = START_LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await test())) {
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs / 1_000} s for ${what}, in vain.`);
    await sleep(POLL_MS);
  }
}
