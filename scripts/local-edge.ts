/**
 * The local edge: the built Worker in workerd with D1, Durable Objects and R2 on disk. `npm start`, the demo,
 * tests and benches use it alike. The only file that knows Miniflare's options, which change between versions.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { createAgent } from "../edge/src/catalog/agents.ts";
import { openDatabase } from "../edge/src/db/client.ts";
import { buildWorker, root } from "./build-worker.ts";
import { migrateLocal } from "./migrate-local.ts";
import { tetheredScript } from "./tether.ts";

export interface LocalEdgeOptions {
  /** Everything that must survive a restart lies here. */
  dataDir: string;
  /** 0 or none: a free one. */
  port?: number;
  /** Address to listen on; agents on other machines need "0.0.0.0" and the relay signer. */
  host?: string;
  /** Over those of wrangler.toml. */
  vars?: Record<string, string>;
  /** "s3": signed addresses point at the local R2 S3 endpoint; "relay": at the Worker's own relay. */
  signer?: "s3" | "relay";
  /** Leave the database without its schema, as before the first migration. */
  skipMigrations?: boolean;
  /** Run the cron handler each minute, as production does. */
  cron?: boolean;
}

export interface LocalEdge {
  url: string;
  /** Opens the operator's doors; kept in the data folder (`OPERATOR_TOKEN_FILE`). */
  operatorToken: string;
  database(): Promise<D1Database>;
  bucket(binding: string): Promise<R2Bucket>;
  /** Makes an agent and answers its key, which is shown only here. */
  agentKey(label: string): Promise<string>;
  /** Runs the cron handler once, as of `now` (milliseconds). */
  scheduled(now?: number): Promise<void>;
  stop(): Promise<void>;
}

/** In the data folder. */
export const OPERATOR_TOKEN_FILE = "operator-token";

const MINUTE_MS = 60_000;
/** Uploads and reads a minute per address: looser than production, since everything here is one address. */
const LOCAL_RATE = 6_000;

export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const host = options.host ?? "127.0.0.1";
  const port = options.port || (await freePort());
  const url = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
  mkdirSync(options.dataDir, { recursive: true });
  // Miniflare starts workerd untied: were this process killed, it would live on and keep the port.
  process.env["MINIFLARE_WORKERD_PATH"] = tetheredScript(join(options.dataDir, "workerd.sh"), workerdPath());
  const listeners = signalListeners();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(await workerOptions(options, url)),
      host,
      port,
      // No look-up of a visitor's place on the internet: the fixed placeholder of research/platform.md §6.
      cf: { ...LOCAL_PLACE },
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: (line) => forwardLog(options, line),
      resourcePersistencePath: join(options.dataDir, "state"),
      unsafeTriggerHandlers: true,
      telemetry: { enabled: false },
    }),
  );
  // Miniflare ends the process at the first signal; whoever runs a local edge stops in an order of its own.
  for (const [signal, listener] of signalListeners()) {
    if (!listeners.some(([, known]) => known === listener)) process.off(signal, listener);
  }
  await miniflare.ready;
  const database = async () => await miniflare.getD1Database("DB");
  if (!options.skipMigrations) await migrateLocal(await database());
  const scheduled = (now = Date.now()) => runCron(url, now);
  const cron = options.cron ? setInterval(() => void scheduled().catch(() => {}), MINUTE_MS) : undefined;
  return {
    url,
    operatorToken: options.vars?.["OPERATOR_TOKEN"] ?? keptSecret(options.dataDir, OPERATOR_TOKEN_FILE),
    database,
    bucket: async (binding) => (await miniflare.getR2Bucket(binding)) as unknown as R2Bucket,
    agentKey: async (label) => (await createAgent(openDatabase(await database()), { label })).key,
    scheduled,
    stop: async () => {
      clearInterval(cron);
      await miniflare.dispose();
    },
  };
}

function signalListeners(): [NodeJS.Signals, NodeJS.SignalsListener][] {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  return signals.flatMap((signal) =>
    process.listeners(signal).map((listener): [NodeJS.Signals, NodeJS.SignalsListener] => [signal, listener]),
  );
}

/** The one workerd of the lock file, as Miniflare itself finds it. */
function workerdPath(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (fromMiniflare("workerd") as { default: string }).default;
}

const LOCAL_PLACE = { latitude: "50.11", longitude: "8.68", continent: "EU", country: "DE", colo: "FRA" };

async function workerOptions(options: LocalEdgeOptions, url: string) {
  // wrangler warns on every start that the local S3 endpoint is experimental; it is pinned and tested here.
  const warn = console.warn;
  console.warn = () => {};
  const { workerOptions: fromToml } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
  console.warn = warn;
  const {
    modulesRules: _,
    ratelimits,
    bindings,
    assets,
    ...rest
  } = fromToml as Record<string, unknown> & {
    ratelimits: Record<string, { simple: { limit: number } }>;
    bindings: Record<string, string>;
  };
  return {
    ...rest,
    name: "capcloud-edge",
    modules: [{ type: "ESModule" as const, path: await builtWorker(options) }],
    modulesRoot: "/",
    assets,
    ratelimits: Object.fromEntries(
      Object.entries(ratelimits ?? {}).map(([name, limit]) => [
        name,
        { ...limit, simple: { ...limit.simple, limit: Number(options.vars?.[name] ?? LOCAL_RATE) } },
      ]),
    ),
    bindings: { ...bindings, ...localVars(options, url), ...options.vars },
  } as unknown as Parameters<typeof convertV4MiniflareOptions>[0];
}

function localVars(options: LocalEdgeOptions, url: string): Record<string, string> {
  const s3 = {
    R2_ENDPOINT: `${url}/cdn-cgi/local/r2/s3`,
    R2_ACCESS_KEY_ID: "local",
    R2_SECRET_ACCESS_KEY: "local-secret",
  };
  return {
    ANONYMOUS_UPLOADS: "true",
    SIGNING_SECRET: keptSecret(options.dataDir, "signing-secret"),
    OPERATOR_TOKEN: keptSecret(options.dataDir, OPERATOR_TOKEN_FILE),
    ...(options.signer === "relay" ? {} : s3),
  };
}

/** Made once: a relay address or a session that was signed before a restart must hold after it. */
function keptSecret(dataDir: string, name: string): string {
  const path = join(dataDir, name);
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

/** Test runs build once and name the folder; everything else builds at start. */
async function builtWorker(options: LocalEdgeOptions): Promise<string> {
  const prebuilt = process.env["CAPCLOUD_WORKER_DIR"];
  if (prebuilt) return join(prebuilt, "index.js");
  const outDir = join(options.dataDir, "worker");
  await buildWorker(outDir);
  return join(outDir, "index.js");
}

function forwardLog(options: LocalEdgeOptions, line: { level: string; message: string }): void {
  const wanted = options.vars?.["LOG_LEVEL"];
  if (wanted === undefined || wanted === "silent") {
    if (line.level !== "error" || wanted === "silent") return;
  }
  process.stderr.write(`${line.message}\n`);
}

async function runCron(url: string, now: number): Promise<void> {
  const query = new URLSearchParams({ cron: "* * * * *", time: String(now) });
  const response = await fetch(`${url}/cdn-cgi/local/scheduled?${query.toString()}`);
  if (!response.ok)
    throw new Error(`The scheduled handler failed: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** A port nobody listens on. Another process may take it before we do; the start then fails and says so. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
