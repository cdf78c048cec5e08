/** A local edge with its agents and data on disk, as `npm start` and `npm run dev` run it. */
import { join, resolve } from "node:path";
import { root } from "./build-worker.ts";
import { startLocalAgent, type LocalAgent } from "./local-agents.ts";
import { type LocalEdge, OPERATOR_TOKEN_FILE, startLocalEdge } from "./local-edge.ts";
import { ensureTools, FFMPEG } from "./system-tools.ts";

export interface StackSettings {
  port: number;
  dataDir: string;
  agentCount: number;
  vars: Record<string, string>;
}

export interface LocalStack {
  url: string;
  /** Rebuilds the Worker and starts it again on the same port; agents find it by themselves. */
  rebuild(): Promise<void>;
  stop(): Promise<void>;
}

/** Settings of wrangler.toml that may be tried locally from the environment. */
const PASSED_VARS = [
  "MAX_FILE_BYTES",
  "ANONYMOUS_UPLOADS",
  "ALLOWED_TYPES",
  "LADDER",
  "LEASE_SECONDS",
  "LOG_LEVEL",
  "MEDIA_ORIGIN",
  "PUBLIC_URL",
  "R2_ENDPOINT",
  "METRICS_TOKEN",
  "WEBHOOK_URL",
  "WEBHOOK_SECRET",
  "WEBHOOK_ALLOW_PRIVATE",
  "FLEET_WAIT_SECONDS",
  "POOLS",
];

/** PORT, CAPCLOUD_DATA and AGENTS. Throws a sentence that names the wrong one. */
export function readSettings(env: NodeJS.ProcessEnv): StackSettings {
  return {
    port: wholeNumber("PORT", env["PORT"] ?? "8787", 65_535),
    agentCount: wholeNumber("AGENTS", env["AGENTS"] ?? "1", 64),
    dataDir: resolve(root, env["CAPCLOUD_DATA"] ?? ".capcloud"),
    vars: Object.fromEntries(PASSED_VARS.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new Error(`${name} is "${text}"; it must be a whole number from 0 to ${most}.`);
  }
  return value;
}

export async function startStack(settings: StackSettings): Promise<LocalStack> {
  if (settings.agentCount > 0) ensureTools([FFMPEG]);
  const { dataDir, vars } = settings;
  let edge: LocalEdge = await startLocalEdge({ dataDir, port: settings.port, cron: true, vars });
  const port = Number(new URL(edge.url).port);
  const agents: LocalAgent[] = [];
  for (let number = 1; number <= settings.agentCount; number++) {
    agents.push(await startLocalAgent(edge, { name: `local-${number}`, dataDir }));
  }
  return {
    url: edge.url,
    rebuild: async () => {
      await edge.stop();
      edge = await startLocalEdge({ dataDir, port, cron: true, vars });
    },
    stop: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await edge.stop();
    },
  };
}

export function welcome(stack: LocalStack, settings: StackSettings): string {
  const { agentCount, dataDir } = settings;
  const agentLine =
    agentCount === 0
      ? "none: renditions wait until one connects (AGENTS=1 starts one here)"
      : `${agentCount} on this machine`;
  return [
    "",
    `  CapCloud Edge is up at ${stack.url}`,
    "",
    `  upload   curl -T video.mp4 ${stack.url}/`,
    `  agents   ${agentLine}`,
    `  operator ${stack.url}/agents, with the token in ${join(dataDir, OPERATOR_TOKEN_FILE)}`,
    `  data     ${dataDir}`,
    "  stop     Ctrl-C; everything is kept, and unfinished jobs go on at the next start",
    "",
  ].join("\n");
}
