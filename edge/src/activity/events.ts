/**
 * What receivers are told, pure: the events, their ids, which never change however often one is sent, and their
 * bodies as they are signed. Made by `fleet-demand.ts` and by the coordinator's room; sent by `sending.ts`.
 */
export const EVENT_TYPES = [
  "fleet.wanted",
  "fleet.satisfied",
  "job.dead",
  "agent.lost",
  "webhook.test",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface Happening {
  /** The same for the same happening: telling it twice is telling it once. Letters, digits, `_` and `-`. */
  id: string;
  type: EventType;
  /** Of one topic only the latest is worth sending. */
  topic: string;
  /** When began what it tells of; milliseconds since 1970. */
  since: number;
  data: Record<string, unknown>;
}

/** What people call the job that died, and why. */
export interface DeadJob {
  id: string;
  fileId: string;
  kind: string;
  part: string;
  epoch: number;
  attempts: number;
  losses: number;
  error: { code: string; message: string } | null;
}

/** Redriven and dead again it is told again: its epoch has grown. */
export function jobDied(job: DeadJob, now: number): Happening {
  const { id, fileId: file, kind, part, epoch, attempts, losses, error } = job;
  return {
    id: eventId("job-dead", id, epoch),
    type: "job.dead",
    topic: `job ${id} ${epoch}`,
    since: now,
    data: { job: id, file, kind, part, attempts, losses, error },
  };
}

/** An agent that vanished with leases and has not come back. */
export interface AbsentAgent {
  agentId: string;
  /** What the operator calls it. */
  label: string | null;
  pool: string;
  since: number;
  leases: number;
}

/** Of one absence the id is the same; the next one began at another time. */
export function agentLost({ agentId, label, pool, since, leases }: AbsentAgent): Happening {
  return {
    id: eventId("agent-lost", pool, agentId, since),
    type: "agent.lost",
    topic: `agent ${agentId}`,
    since,
    data: { agent: agentId, label, pool, since: new Date(since).toISOString(), leases },
  };
}

/** JSON, as it is signed and sent. */
export function bodyOf({ type, data }: Pick<Happening, "type" | "data">, now: number): string {
  return JSON.stringify({ type, timestamp: new Date(now).toISOString(), data });
}

/** Dots part the fields that are signed, so an id holds none. */
export function eventId(...parts: (string | number)[]): string {
  return parts.join("-").replaceAll(/[^\w-]/g, "-");
}
