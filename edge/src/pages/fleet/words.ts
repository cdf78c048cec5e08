/** What the operator's pages say of an agent, a job and the queue, in words. Pure. */
import { MAIN_POOL } from "../../config.ts";
import type { AgentView, QueueView } from "../../fleet/agent-view.ts";
import { formatBytes, formatList, formatWait } from "../shared/format.ts";

const STATES: Record<AgentView["state"], string> = {
  online: "online",
  offline: "offline",
  paused: "paused",
  draining: "taking no more",
  resting: "resting",
  revoked: "revoked",
};

export function stateWords({ state, reason, jobs }: Pick<AgentView, "state" | "reason" | "jobs">): string {
  if (state === "online") return jobs.length > 0 ? "at work" : "ready";
  return reason === null ? STATES[state] : `${STATES[state]}: ${reason}`;
}

/** What the machine is: `8 cores · 34 GB · h264_nvenc, libx264 · ffmpeg 7.0.2 · …`. */
export function machineWords(agent: AgentView): string {
  const { cores, memory_bytes: memory, encoders, ffmpeg, version, platform, sandbox } = agent;
  const facts = [
    cores === null ? "" : `${cores} ${cores === 1 ? "core" : "cores"}`,
    memory === null ? "" : formatBytes(memory),
    encoders.join(", "),
    ffmpeg ? `ffmpeg ${ffmpeg}` : "",
    platform ?? "",
    version === null ? "" : `agent ${version}`,
    sandbox === null ? "" : `sandbox: ${sandbox}`,
  ];
  return facts.filter((fact) => fact !== "").join(" · ");
}

/** The queue in one line. */
export function queueWords(queue: QueueView, agents: readonly AgentView[]): string {
  const up = agents.filter(({ connected_at }) => connected_at !== null).length;
  const parts = [
    up === 0 ? "no machine online" : `${up} ${up === 1 ? "machine" : "machines"} online`,
    queue.leased > 0 ? `${queue.leased} at work` : "",
    queue.ready > 0 ? `${queue.ready} waiting` : "",
    queue.retry_wait > 0 ? `${queue.retry_wait} to be tried again` : "",
    queue.oldest_wait_s !== null && queue.oldest_wait_s > 5
      ? `the oldest for ${formatWait(queue.oldest_wait_s)}`
      : "",
    queue.dead > 0 ? `${queue.dead} failed for good` : "",
  ].filter((part) => part !== "");
  if (queue.ready + queue.leased + queue.retry_wait + queue.blocked === 0) parts.push("nothing to do");
  return parts.join(" · ");
}

/** Null while every job has somebody who can do it. */
export function starvingWords({ starving }: QueueView): string | null {
  if (starving === 0) return null;
  const them = starving === 1 ? "One job waits" : `${starving} jobs wait`;
  return `${them} for a machine that can do ${starving === 1 ? "it" : "them"}; none is online.`;
}

const TIMES = [
  { word: "day", seconds: 86_400 },
  { word: "hour", seconds: 3_600 },
  { word: "minute", seconds: 60 },
] as const;

/** 0 for a time that is not known, or to come. */
export function secondsSince(at: string | null, now: number): number {
  return at === null ? 0 : Math.max(0, (now - Date.parse(at)) / 1_000);
}

/** `just now`, `3 minutes ago`. */
export function agoWords(at: string | null, now: number): string {
  if (at === null) return "long ago";
  const seconds = secondsSince(at, now);
  const unit = TIMES.find((time) => seconds >= time.seconds);
  if (!unit) return "just now";
  const count = Math.floor(seconds / unit.seconds);
  return `${count} ${unit.word}${count === 1 ? "" : "s"} ago`;
}

/** What it could take on now. */
export function roomWords({ free, connected_at }: Pick<AgentView, "free" | "connected_at">): string {
  if (connected_at === null) return "";
  const kinds = (["gpu", "cpu", "io"] as const).filter((slot) => free[slot] > 0);
  return kinds.length === 0
    ? "no slot free"
    : `free: ${formatList(kinds.map((slot) => `${free[slot]} ${slot}`))}`;
}

/** Where it works, and where it belongs where that is another pool. Of a host's one pool only what is unusual. */
export function poolWords(
  { pool, home }: Pick<AgentView, "pool" | "home">,
  pools: readonly string[],
): string {
  if (pools.length < 2) return pool === MAIN_POOL ? "" : `pool ${pool}`;
  return pool === home ? `pool ${pool}` : `pool ${pool}, at home in ${home}`;
}
