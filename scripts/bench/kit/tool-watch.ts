/**
 * Watches from outside what tools an agent has running, so that a benchmark can say where the time went without
 * asking the agent. Samples /proc; a stretch shorter than a sample may be missed.
 */
import { commandOf, cpuOf, descendants } from "./processes.ts";

export type Tool = "encode" | "probe" | "other";

/** Milliseconds since 1970. */
export interface ToolSpan {
  pid: number;
  tool: Tool;
  from: number;
  to: number;
  /** CPU seconds, as of the last look at it. */
  cpu: number;
}

const SAMPLE_MS = 150;

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
      const cpu = cpuOf(pid).own;
      if (known) Object.assign(known, { to: now, cpu });
      else {
        const tool = toolOf(commandOf(pid));
        if (tool !== null) spans.set(pid, { pid, tool, from: now, to: now, cpu });
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

const TOOLS: Record<Tool, string> = { encode: "encoders", probe: "ffprobe", other: "other ffmpeg" };

/** "encoders 3 runs, 16.1 s of CPU · ffprobe …" */
export function toolLine(spans: readonly ToolSpan[]): string {
  const line = (tool: Tool) => {
    const own = spans.filter((span) => span.tool === tool);
    const cpu = own.reduce((total, span) => total + span.cpu, 0);
    return `${TOOLS[tool]} ${own.length} runs, ${cpu.toFixed(2)} s of CPU`;
  };
  return (Object.keys(TOOLS) as Tool[]).map(line).join(" · ");
}
