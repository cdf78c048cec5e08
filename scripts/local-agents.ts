/** Starts and stops agent processes beside a local edge; `npm start`, the demo and the journeys use it. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build-worker.ts";
import type { LocalEdge } from "./local-edge.ts";
import { tethered } from "./tether.ts";

export interface LocalAgent {
  process: ChildProcess;
  /** Rejects, with the end of what the agent said, when it ends without having been asked to. */
  died: Promise<never>;
  /** Two signals: what is held is given back uncharged and at once. */
  stop(): Promise<void>;
}

export interface LocalAgentOptions {
  name: string;
  /** Keys and workspaces are kept here, one folder per agent. */
  dataDir: string;
  env?: Record<string, string>;
  /** "inherit" shows the agent's log; "ignore" keeps a terminal for the caller. */
  output?: "inherit" | "ignore" | "pipe";
  /** Another command than this checkout's, such as that of an installed package. */
  cli?: string;
  /** Stands before the command. */
  behind?: readonly string[];
}

const STOP_LIMIT_MS = 10_000;
const TAIL_CHARACTERS = 2_000;

/** Where the agent connects to, and who makes its key when it has none yet. */
export type AgentDoor = Pick<LocalEdge, "url" | "agentKey">;

export async function startLocalAgent(edge: AgentDoor, options: LocalAgentOptions): Promise<LocalAgent> {
  const folder = join(options.dataDir, "agents", options.name);
  mkdirSync(folder, { recursive: true });
  const output = options.output ?? "inherit";
  // A process group of its own, so that a terminal's Ctrl-C reaches it through us, in our order.
  const cli = options.cli ?? join(root, "transcoder-agent", "src", "cli.ts");
  const [tether, args] = tethered("TERM", process.execPath, [cli, "--edge", edge.url]);
  const [command = tether, ...words] = [...(options.behind ?? []), tether, ...args];
  const child = spawn(command, words, {
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      ...process.env,
      CAPCLOUD_KEY_FILE: await keyFile(edge, options.name, folder),
      CAPCLOUD_WORKSPACE: join(folder, "workspace"),
      CAPCLOUD_ALLOW_ROOT: "1",
      ...options.env,
    },
  });
  let stopping = false;
  const died = unexpectedEnd(child, () => stopping);
  // Whoever does not watch it is not to be ended by it.
  died.catch(() => {});
  return {
    process: child,
    died,
    stop: () => {
      stopping = true;
      return stopProcess(child);
    },
  };
}

function unexpectedEnd(child: ChildProcess, isExpected: () => boolean): Promise<never> {
  let said = "";
  const listen = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-TAIL_CHARACTERS));
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  return new Promise((_, reject) => {
    child.once("close", (code) => {
      if (!isExpected())
        reject(new Error(`The agent ended by itself (exit ${String(code)}):\n${said.trimEnd()}`));
    });
  });
}

async function keyFile(edge: AgentDoor, name: string, folder: string): Promise<string> {
  const path = join(folder, "key");
  if (!existsSync(path) || readFileSync(path, "utf8").trim() === "") {
    writeFileSync(path, await edge.agentKey(name), { mode: 0o600 });
  }
  return path;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Two of the same kind might be merged into one.
  child.kill("SIGTERM");
  child.kill("SIGINT");
  const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}
