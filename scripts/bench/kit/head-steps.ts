/**
 * Cuts the way to a film's first segment into steps that follow one another, as far as the agent's log and its
 * tools tell them. Pure; used by B2.
 */
import type { JobSpan } from "./agent-log.ts";
import { type Phase, toolSeconds } from "./phases.ts";
import type { ToolSpan } from "./tool-watch.ts";

interface Way {
  /** All in milliseconds since 1970. */
  answered: number;
  playable: number;
  jobs: readonly JobSpan[];
  tools: readonly ToolSpan[];
}

export function headSteps({ answered, playable, jobs, tools }: Way): Phase[] {
  const inspection = jobs.find(({ kind }) => kind === "inspect");
  const head = jobs.find(({ kind }) => kind === "video");
  const sound = jobs.find(({ kind }) => kind === "audio");
  const clip = (at: number | null | undefined, least: number) =>
    Math.min(playable, Math.max(least, at ?? least));
  const granted = clip(inspection?.from, answered);
  const inspected = clip(inspection?.to, granted);
  const begun = clip(head?.from, inspected);
  const made = clip(head?.to, begun);
  const heard = clip(sound?.to, made);
  const looking = toolSeconds(granted, inspected, tools);
  const making = toolSeconds(begun, made, tools);
  return [
    { name: "grant", seconds: (granted - answered) / 1_000 },
    { name: "inspection: ffprobe", seconds: looking.probe },
    { name: "inspection: ffmpeg (stills, beside it)", seconds: looking.other + looking.encode },
    { name: "inspection: agent (tables, uploads)", seconds: looking.none },
    { name: "plan and grant", seconds: (begun - inspected) / 1_000 },
    { name: "head: encoder", seconds: making.encode },
    { name: "head: other tools", seconds: making.probe + making.other },
    { name: "head: agent (boxes, upload)", seconds: making.none },
    { name: "sound's head, after that", seconds: (heard - made) / 1_000 },
    {
      name: "until what the master lists first came (commit, delivery, its rung)",
      seconds: (playable - heard) / 1_000,
    },
  ];
}

/** The median of each step over several runs. */
export function medianSteps(
  runs: readonly (readonly Phase[])[],
  median: (samples: number[]) => number,
): Phase[] {
  return (runs[0] ?? []).map(({ name }, at) => ({
    name,
    seconds: median(runs.map((run) => run[at]?.seconds ?? 0)),
  }));
}
