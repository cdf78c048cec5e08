/** Agents, jobs and enrolments as tests of the operator's pages want them. */
import type { AgentView, QueueView } from "../../fleet/agent-view.ts";
import type { EnrolmentView } from "../../fleet/enrolling.ts";
import type { JobViewWithHistory } from "../../fleet/job-view.ts";

export const NOON = Date.parse("2026-11-20T12:00:00Z");
const EARLIER = "2026-11-20T11:58:00.000Z";

export function agentOf(over: Partial<AgentView> = {}): AgentView {
  return {
    ...{ id: "Ab3dE9fGh1Jk", label: "attic", tier: 5, state: "online", reason: null, version: "0.1.0" },
    ...{ platform: "linux-x64", ffmpeg: "7.0.2", sandbox: "namespaces", encoders: ["libx264"], cores: 8 },
    ...{ memory_bytes: 32e9, slots: { gpu: 0, cpu: 2, io: 4 }, free: { gpu: 0, cpu: 1, io: 4 } },
    ...{ jobs: [], speed: {}, done: 3, losses: 0, pool: "main", home: "main", created_at: EARLIER },
    ...{ connected_at: EARLIER, seen_at: EARLIER },
    ...over,
  };
}

export function queueOf(over: Partial<QueueView> = {}): QueueView {
  const counts = { ready: 0, leased: 0, committing: 0, retry_wait: 0, blocked: 0, dead: 0 };
  return { ...counts, oldest_wait_s: null, starving: 0, ...over };
}

export function jobOf(over: Partial<JobViewWithHistory> = {}): JobViewWithHistory {
  return {
    ...{ id: "main.01K", file: "Ab3dE9fGh1", kind: "video", part: "480.0-1", state: "dead", attempts: 1 },
    ...{ losses: 0, class: "head", agent: null, fraction: 0, waiting_since: null, not_before: null },
    error: { code: "corrupt", message: "The file's index is missing." },
    ...{ created_at: EARLIER, started_at: EARLIER, finished_at: EARLIER },
    history: [
      {
        ...{ epoch: 1, agent: "Ab3dE9fGh1Jk", label: "attic", slot: "cpu", granted_at: EARLIER },
        ...{
          ended_at: EARLIER,
          outcome: "failed",
          error: { code: "corrupt", message: "The index is missing." },
        },
      },
    ],
    ...over,
  };
}

export function enrolmentOf(over: Partial<EnrolmentView> = {}): EnrolmentView {
  return {
    ...{ code: "CDFG-HJKM", label: "workshop", platform: "linux-x64", address: "203.0.113.7", country: "DE" },
    ...{ state: "waiting", agent: null, created_at: EARLIER, expires_at: EARLIER },
    ...over,
  };
}
