/**
 * What happened in a run, in order: what was acknowledged with which hash, what was done to whom, what was
 * answered. Kept in memory for the checker and as JSON lines on disk for people. Everybody writes; nobody changes
 * what stands.
 */
import { appendFileSync, writeFileSync } from "node:fs";

export type Fact = string | number | boolean | null;

export interface Entry {
  /** Milliseconds since the run began. */
  at: number;
  event: string;
  facts: Readonly<Record<string, Fact>>;
}

export class History {
  readonly path: string;
  readonly entries: Entry[] = [];
  readonly #began = performance.now();

  constructor(path: string) {
    this.path = path;
    writeFileSync(path, "");
  }

  get now(): number {
    return Math.round(performance.now() - this.#began);
  }

  note(event: string, facts: Entry["facts"] = {}): void {
    const entry = { at: this.now, event, facts };
    this.entries.push(entry);
    // At once: what was written last says most when the run itself is killed.
    appendFileSync(this.path, `${JSON.stringify({ at: entry.at, event, ...facts })}\n`);
  }

  count(event: string): number {
    return this.entries.filter((entry) => entry.event === event).length;
  }
}
