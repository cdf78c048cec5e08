/**
 * Watches from outside what tools an agent has running, so that a benchmark can say where the time went without
 * asking the agent. Samples /proc; a stretch shorter than a sample may be missed.
 */
import { commandOf, descendants } from "./processes.ts";

export type Tool = "encode" | "probe" | "other";

/** Milliseconds since 1970. */
export interface ToolSpan {
  pid: number;
  tool: Tool;
  from: number;
  to: number;
}

const SAMPLE_MS = 60;

/** Null for what is no tool of ffmpeg's. */
export function toolOf(command: string): Tool | null {
  const program = command.split(" ").find((word) => /(^|\/)ff(mpeg|probe)$/.test(word));
  if (program === undefined) return null;
  if (program.endsWith("ffprobe")) return "probe";
  return / -c:v (libx264|h264_)/.test(command) ? "encode" : "other";
}

export interface ToolWatch {
  /** Answers what was seen, in the order of beginnings. */
  stop(): ToolSpan[];
}

export function watchTools(pids: () => readonly number[]): ToolWatch {
  const spans = new Map<number, ToolSpan>();
  const sample = () => {
    const now = Date.now();
    for (const pid of pids().flatMap(descendants)) {
      const known = spans.get(pid);
      if (known) known.to = now;
      else {
        const tool = toolOf(commandOf(pid));
        if (tool !== null) spans.set(pid, { pid, tool, from: now, to: now });
      }
    }
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return [...spans.values()].toSorted((one, other) => one.from - other.from);
    },
  };
}
