/** What the tests of this room in workerd share: one edge for a file of tests, and agents that are closed after each. */
import { afterAll, afterEach, beforeAll } from "vitest";
import type { JobKind, LeaseRef } from "#protocol";
import type { FileKind } from "../../db/schema.ts";
import { startTestEdge, type TestEdge } from "./edge.ts";
import { makeResult } from "./results.ts";
import { TestAgent } from "./test-agent.ts";

export interface Bench {
  edge: TestEdge;
  /** Connected and greeted. */
  agent(kinds?: JobKind[]): Promise<TestAgent>;
  /** The same key again: its next connection, or its next process. */
  again(agent: TestAgent, boot?: string): Promise<TestAgent>;
  /** A stored and enqueued file; answers its id. */
  file(kind: FileKind): Promise<string>;
  /** Uploads what the grant asks for and completes it. */
  finish(agent: TestAgent, grant: Parameters<typeof makeResult>[0] & { lease: LeaseRef }): Promise<void>;
}

export function useBench(vars: Record<string, string> = {}): Bench {
  const agents: TestAgent[] = [];
  const keys = new Map<TestAgent, string>();
  const bench: Bench = {
    edge: undefined as never,
    agent: async (kinds) => {
      const { key } = await bench.edge.agentKey();
      const agent = await new TestAgent(bench.edge.url, key).connect();
      agents.push(agent);
      keys.set(agent, key);
      await agent.start([], kinds);
      return agent;
    },
    again: async (agent, boot = agent.boot) => {
      const key = keys.get(agent) ?? "";
      const next = await new TestAgent(bench.edge.url, key, boot).connect();
      agents.push(next);
      keys.set(next, key);
      next.startSeqAt(10_000);
      return next;
    },
    file: async (kind) => {
      const { file, outboxId } = await bench.edge.storeFile(kind);
      await bench.edge.calls.enqueueFile(file.id, outboxId);
      return file.id;
    },
    finish: async (agent, grant) => {
      const { uploads, result } = makeResult(grant);
      await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
    },
  };
  beforeAll(async () => {
    bench.edge = await startTestEdge(vars);
  });
  afterAll(() => bench.edge.stop());
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.close()));
    await bench.edge.clearJobs();
  });
  return bench;
}
