/**
 * Whether a GPU is busy with something that is not ours: pure readings of what the system says, and a mood
 * that changes only after several readings agree, so that a moment's load neither stops nor starts anything.
 */

/** Percent of the busiest GPU that others take; null: it cannot be told right now. */
export type OthersShare = number | null;

export interface Mood {
  busy: boolean;
  /** Readings in a row that spoke against it. */
  against: number;
}

export const CALM: Mood = { busy: false, against: 0 };

/** A desktop that only shows itself stays below. */
const BUSY_PERCENT = 25;
/** Readings, ten seconds apart, before a rest and before its end. */
const READINGS_TO_REST = 2;
const READINGS_TO_WAKE = 6;

export function moodAfter(mood: Mood, share: OthersShare): Mood {
  if (share === null) return mood;
  if (share >= BUSY_PERCENT === mood.busy) return { ...mood, against: 0 };
  const against = mood.against + 1;
  const enough = against >= (mood.busy ? READINGS_TO_WAKE : READINGS_TO_REST);
  return enough ? { busy: !mood.busy, against: 0 } : { ...mood, against };
}

export interface GpuProcess {
  gpu: string;
  pid: number;
  /** The larger of what it takes of cores, encoder and decoder. */
  percent: number;
}

/** What `nvidia-smi pmon -c 1` prints: columns are found by their names, which differ between drivers. */
export function parsePmon(text: string): GpuProcess[] {
  const lines = text.split("\n").map((line) => line.trim());
  const header = lines.find((line) => /^#\s*gpu\b/i.test(line));
  if (header === undefined) return [];
  const names = header.replace(/^#\s*/, "").toLowerCase().split(/\s+/);
  const column = (row: readonly string[], name: string) => Number(row[names.indexOf(name)]);
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/))
    .filter((row) => Number.isInteger(column(row, "pid")))
    .map((row) => ({
      gpu: row[names.indexOf("gpu")] ?? "",
      pid: column(row, "pid"),
      percent: Math.max(...["sm", "enc", "dec"].map((name) => column(row, name) || 0)),
    }));
}

/**
 * By process where the driver names them. Where it names none (in a container, say), the load of the whole GPU
 * counts, and only while this agent leaves it alone.
 */
export function othersShare(
  processes: readonly GpuProcess[],
  isOurs: (pid: number) => boolean,
  whole: number | null,
  working: boolean,
): OthersShare {
  if (processes.length === 0) return working ? null : whole;
  const shares = new Map<string, number>();
  for (const { gpu, pid, percent } of processes) {
    if (!isOurs(pid)) shares.set(gpu, (shares.get(gpu) ?? 0) + percent);
  }
  return Math.max(0, ...shares.values());
}

/** The largest of the numbers in a text, one a line; null where there is none. */
export function largestNumber(text: string): number | null {
  const numbers = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^\d+(\.\d+)?$/.test(line))
    .map(Number);
  return numbers.length === 0 ? null : Math.max(...numbers);
}
