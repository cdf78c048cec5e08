/**
 * What an agent's JSON log tells of its jobs: when each was begun and reported. Pure; `house.ts` feeds it lines.
 * Lines of other kinds, and half ones, say nothing.
 */
import { z } from "zod";

/** Milliseconds since 1970. */
export interface JobSpan {
  job: string;
  kind: string;
  from: number;
  /** Null while it is not reported as done. */
  to: number | null;
}

const Line = z.object({
  time: z.iso.datetime(),
  message: z.string(),
  job: z.string().optional(),
  kind: z.string().optional(),
});
export type Line = z.infer<typeof Line>;

export function parseLine(text: string): Line | null {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** In the order in which they were begun. */
export function jobsOf(lines: readonly Line[]): JobSpan[] {
  const spans: JobSpan[] = [];
  for (const { time, message, job, kind } of lines) {
    if (job === undefined || kind === undefined) continue;
    const at = Date.parse(time);
    if (message === "started") spans.push({ job, kind, from: at, to: null });
    const open = spans.findLast((span) => span.job === job && span.to === null);
    if (message === "done" && open) open.to = at;
  }
  return spans;
}

/** Ends of jobs of all kinds but "done" (failed, dropped, given back) also leave the agent idle. */
export function isIdle(lines: readonly Line[]): boolean {
  const open = new Set<string>();
  for (const { message, job } of lines) {
    if (job === undefined) continue;
    if (message === "started") open.add(job);
    else if (["done", "dropped", "failed", "given back"].includes(message)) open.delete(job);
  }
  return open.size === 0;
}
