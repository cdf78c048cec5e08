/** A promise that was broken, by its number in the design (`docs/races.md` has them in words). */
export type Invariant =
  | "I1 what was stored is readable"
  | "I2 committed once, and it matches"
  | "I3 no commit by a stale epoch"
  | "I4 one lease per job"
  | "I5 everything ends in time"
  | "I6 the storage is what rows refer to"
  | "I7 a poison job ends"
  | "I8 a frame twice changes nothing"
  | "I9 nothing uncommitted is served"
  | "I10 counters are sums"
  | "I11 a drain charges nothing"
  | "no busy waiting"
  | "nothing crashes";

export interface Violation {
  invariant: Invariant;
  text: string;
  step: number;
  /** Milliseconds from the beginning. */
  at: number;
}

export type Complain = (invariant: Invariant, text: string) => void;
