/**
 * What a benchmark is, and what it finds. Each `b<n>-….ts` exports one; `run.ts` gives it a folder and takes its
 * figures. A figure passes when it meets its target and every guard beside it holds: speed never stands alone.
 */

/** Something that must be true for the speed beside it to count. */
export interface Guard {
  pass: boolean;
  /** The measured values, for people. */
  said: string;
}

export type Guards = Record<string, Guard>;

export interface Figure {
  id: string;
  case: string;
  /** Null where it could not be measured. */
  value: number | null;
  unit: string;
  target: number;
  better: "lower" | "higher";
  pass: boolean;
  guards: Guards;
  /** Where the time went, and what else is worth knowing; one line each. */
  notes: string[];
}

/** A figure before it is judged. */
export interface Finding {
  case: string;
  value: number;
  unit: string;
  target: { most: number } | { least: number };
  guards?: Guards;
  notes?: string[];
}

/** What a benchmark is given. */
export interface Bench {
  readonly quick: boolean;
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** What several benchmarks of one run need (films) is kept here. */
  readonly shared: string;
  /** The second with `--quick`. */
  pick<T>(full: T, quick: T): T;
  /** A line on what is being done. */
  say(text: string): void;
  /** Runs when the benchmark is over, however it ends; the last one first. */
  defer(cleanUp: () => Promise<void>): void;
}

export interface Benchmark {
  id: string;
  title: string;
  run(bench: Bench): Promise<Finding[]>;
}

export function judge(id: string, finding: Finding): Figure {
  const { value, target, guards = {}, notes = [] } = finding;
  const lower = "most" in target;
  const met = lower ? value <= target.most : value >= target.least;
  return {
    id,
    case: finding.case,
    value,
    unit: finding.unit,
    target: lower ? target.most : target.least,
    better: lower ? "lower" : "higher",
    pass: met && Object.values(guards).every((guard) => guard.pass),
    guards,
    notes,
  };
}

/** Stands for a benchmark that could not be run. */
export function broken(id: string, error: unknown): Figure {
  const said = error instanceof Error ? error.message : String(error);
  const guards = { ran: { pass: false, said } };
  return { id, case: "", value: null, unit: "", target: 0, better: "lower", pass: false, guards, notes: [] };
}
