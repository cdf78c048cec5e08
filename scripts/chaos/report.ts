/** What a run of chaos prints: a live line while it goes on, and a table at its end. Pure but for the writing. */
import type { History } from "./history.ts";
import type { Load } from "./load.ts";
import type { JobRow } from "./check-ledger.ts";

export interface Screen {
  /** Rewritten in place on a terminal; elsewhere once in a while. */
  live(text: string): void;
  say(text: string): void;
}

const SELDOM_MS = 15_000;

export function createScreen(stream: NodeJS.WriteStream): Screen {
  let last = -SELDOM_MS;
  const clear = stream.isTTY ? "\r\u001b[K" : "";
  return {
    live: (text) => {
      if (stream.isTTY) return void stream.write(`${clear}${text}`);
      if (performance.now() - last < SELDOM_MS) return;
      last = performance.now();
      stream.write(`${text}\n`);
    },
    say: (text) => void stream.write(`${clear}${text}\n`),
  };
}

export function liveText(history: History, load: Load, up: { agents: number; edge: boolean }): string {
  const clock = `${Math.floor(history.now / 60_000)}:${String(Math.floor(history.now / 1_000) % 60).padStart(2, "0")}`;
  const ready = load.kept.filter(({ status }) => status === "ready").length;
  const parts = [
    `${load.kept.length} uploads acknowledged, ${ready} ready`,
    `${history.count("fault")} faults`,
    `${up.agents} agents up${up.edge ? "" : ", edge down"}`,
    `${history.count("violation")} violations`,
  ];
  return `  ${clock}  ${parts.join(" · ")}`;
}

export interface Outcome {
  kept: Load["kept"];
  jobs: readonly JobRow[];
}

export function summary(history: History, { kept, jobs }: Outcome): string {
  const attempts = jobs.flatMap((job) => job.history.map(({ outcome }) => outcome));
  const state = (name: string) => jobs.filter((job) => job.state === name).length;
  const sections: [title: string, counts: Record<string, number>][] = [
    ["faults", tally(history, "fault", "kind")],
    ["storage", tally(history, "storage struck", "fault")],
    [
      "uploads",
      {
        ...countBy(kept, ({ sample }) => sample.kind),
        deleted: kept.filter((one) => one.state === "deleted").length,
      },
    ],
    ["given up", tally(history, "job given up", "code")],
    ["watched", tally(history, "watched", "status")],
    ["jobs", { done: state("done"), dead: state("dead"), cancelled: state("cancelled") }],
    ["attempts", countBy(attempts, (outcome) => outcome)],
  ];
  const width = Math.max(...sections.map(([title]) => title.length));
  const lines = sections.map(([title, counts]) => {
    const told = Object.entries(counts).map(([name, count]) => `${count} × ${name}`);
    return `  ${title.padEnd(width)}  ${told.join(" · ") || "none"}`;
  });
  return lines.join("\n");
}

function tally(history: History, event: string, fact: string): Record<string, number> {
  return countBy(
    history.entries.filter((entry) => entry.event === event),
    ({ facts }) => String(facts[fact]),
  );
}

export function countBy<T>(list: readonly T[], name: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of list) counts[name(one)] = (counts[name(one)] ?? 0) + 1;
  return counts;
}
