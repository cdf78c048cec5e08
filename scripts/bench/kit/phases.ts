/**
 * Cuts the way from an answered upload to ready renditions into phases that follow one another. Pure. What is
 * under way together counts for the first of: encoding, probing, other tools of ffmpeg, the rest.
 */
import type { JobSpan } from "./agent-log.ts";
import type { Tool, ToolSpan } from "./tool-watch.ts";

export interface Phase {
  name: string;
  seconds: number;
}

interface Course {
  /** All in milliseconds since 1970. */
  answered: number;
  ready: number;
  jobs: readonly JobSpan[];
  tools: readonly ToolSpan[];
}

const PRECEDENCE: readonly Tool[] = ["encode", "probe", "other"];
const NAMES: Record<Tool, string> = {
  encode: "an encoder runs",
  probe: "only ffprobe runs",
  other: "only other ffmpeg runs (stills, copying)",
};

export function phasesOf({ answered, ready, jobs, tools }: Course): Phase[] {
  const firstJob = Math.min(ready, ...jobs.map(({ from }) => from));
  const encodes = tools.filter(({ tool, from }) => tool === "encode" && from < ready);
  const firstEncode = Math.min(ready, ...encodes.map(({ from }) => from));
  const lastEncode = Math.max(firstEncode, ...encodes.map(({ to }) => Math.min(to, ready)));
  const between = split(firstEncode, lastEncode, tools);
  return [
    { name: "until the agent begins", seconds: length(answered, firstJob) },
    { name: "until an encoder runs (inspection, plan)", seconds: length(firstJob, firstEncode) },
    ...between.filter(({ seconds }) => seconds > 0),
    { name: "after the last encoder (boxes, upload, commit)", seconds: length(lastEncode, ready) },
  ];
}

/** One line: "an encoder runs 8.1 s (72 %) · …", the largest first. */
export function phaseLine(phases: readonly Phase[]): string {
  const whole = phases.reduce((total, { seconds }) => total + seconds, 0);
  return phases
    .toSorted((one, other) => other.seconds - one.seconds)
    .map(({ name, seconds }) => `${name} ${seconds.toFixed(2)} s (${Math.round((100 * seconds) / whole)} %)`)
    .join(" · ");
}

function split(from: number, to: number, tools: readonly ToolSpan[]): Phase[] {
  const edges = [from, to, ...tools.flatMap((span) => [span.from, span.to])];
  const cuts = [...new Set(edges.filter((edge) => edge >= from && edge <= to))].toSorted((a, b) => a - b);
  const seconds: Record<Tool | "none", number> = { encode: 0, probe: 0, other: 0, none: 0 };
  for (const [at, start] of cuts.entries()) {
    const end = cuts[at + 1] ?? start;
    const running = tools.filter((span) => span.from <= start && span.to >= end && span.to > span.from);
    const tool = PRECEDENCE.find((name) => running.some((span) => span.tool === name)) ?? "none";
    seconds[tool] += length(start, end);
  }
  return [
    ...PRECEDENCE.map((tool) => ({ name: NAMES[tool], seconds: seconds[tool] })),
    { name: "no tool runs, between encoders", seconds: seconds.none },
  ];
}

function length(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}
