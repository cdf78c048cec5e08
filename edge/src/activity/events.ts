/**
 * What receivers are told, pure: the events, their ids, which never change however often one is sent, and their
 * bodies as they are signed. Made by `fleet-demand.ts` and by the coordinator; sent by `sending.ts`.
 */
export const EVENT_TYPES = ["fleet.wanted", "fleet.satisfied", "job.dead", "webhook.test"] as const;
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

/** JSON, as it is signed and sent. */
export function bodyOf({ type, data }: Pick<Happening, "type" | "data">, now: number): string {
  return JSON.stringify({ type, timestamp: new Date(now).toISOString(), data });
}

/** Dots part the fields that are signed, so an id holds none. */
export function eventId(...parts: (string | number)[]): string {
  return parts.join("-").replaceAll(/[^\w-]/g, "-");
}
