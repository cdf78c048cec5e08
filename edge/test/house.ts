/**
 * A whole house for a journey: a local edge on a port and a folder of its own, agents as processes, and the
 * public addresses as a user has them. Everything it starts is stopped by `close`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileRecord, readRecord, untilSettled, uploadByCurl } from "../../scripts/demo/follow.ts";
import { type LocalAgent, startLocalAgent } from "../../scripts/local-agents.ts";
import { freePort, type LocalEdge, startLocalEdge } from "../../scripts/local-edge.ts";

export interface House {
  readonly url: string;
  readonly dataDir: string;
  readonly edge: LocalEdge;
  startAgent(name: string, env?: Record<string, string>): Promise<LocalAgent>;
  /** Ends workerd and starts it again on the same port and data. */
  restartEdge(): Promise<void>;
  upload(path: string): Promise<{ id: string; url: string; raw_url: string; delete_url: string }>;
  record(id: string): Promise<FileRecord>;
  settled(id: string): Promise<FileRecord>;
  close(): Promise<void>;
}

const SETTLE_LIMIT_MS = 240_000;

export async function openHouse(vars: Record<string, string> = {}): Promise<House> {
  const dataDir = await mkdtemp(join(tmpdir(), "capcloud-journey-"));
  const port = await freePort();
  const start = () => startLocalEdge({ dataDir, port, vars: { LOG_LEVEL: "silent", ...vars } });
  let edge = await start();
  const agents: LocalAgent[] = [];
  return {
    url: edge.url,
    dataDir,
    get edge() {
      return edge;
    },
    startAgent: async (name, env = {}) => {
      const agent = await startLocalAgent(edge, {
        name,
        dataDir,
        output: "ignore",
        env: { LOG_LEVEL: "warn", ...env },
      });
      agents.push(agent);
      return agent;
    },
    restartEdge: async () => {
      await edge.stop();
      edge = await start();
    },
    upload: (path) => uploadByCurl(path, edge.url),
    record: (id) => readRecord(edge.url, id),
    settled: (id) => untilSettled(edge.url, id, SETTLE_LIMIT_MS, () => {}),
    close: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await edge.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const POLL_MS = 50;

/** Waits until `probe` answers something other than null, false or undefined. Throws after `limitMs`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | false | undefined>,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs / 1_000} s for ${what}, in vain.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
