/** What the committed rectangles of a plan tell: whose a segment is, and how many bits a rung spends. */
import type { Plan } from "./plan.ts";
import { countSegments } from "./rectangles.ts";
import { segmentDurations } from "./timeline.ts";

/** A committed rectangle's row, as far as playlists care. Segments: number, offset, length, start, duration. */
export interface CommittedRectangle {
  track: string;
  codecs: string;
  initLength: number;
  segments: readonly (readonly [number, number, number, number, number])[];
}

/** Bits per second once all segments are there; null before. */
export function measureRate(
  plan: Plan,
  track: string,
  committed: readonly CommittedRectangle[],
): { peak: number; average: number } | null {
  const durations = segmentDurations(plan);
  const bytes = new Map<number, number>();
  for (const row of committed) {
    if (row.track !== track) continue;
    for (const [segment, , length] of row.segments) bytes.set(segment, length);
  }
  if (bytes.size < countSegments(plan)) return null;
  const rates = durations.map((seconds, at) => (8 * (bytes.get(at) ?? 0)) / seconds);
  const total = [...bytes.values()].reduce((sum, length) => sum + length, 0);
  const seconds = durations.reduce((sum, duration) => sum + duration, 0);
  return { peak: Math.ceil(Math.max(...rates)), average: Math.ceil((8 * total) / seconds) };
}

/** How many segments are there from the first on, without a gap. */
export function countMade(track: string, committed: readonly CommittedRectangle[]): number {
  const owners = ownersOf(track, committed);
  let made = 0;
  while (owners.has(made)) made += 1;
  return made;
}

/**
 * What is left to play of a plan when nothing more will be made: the rungs that are whole or, where none is,
 * those that have a beginning, and the sound that has one.
 */
export function keepMade(plan: Plan, committed: readonly CommittedRectangle[]): Plan {
  const made = ({ name }: { name: string }) => countMade(name, committed);
  const whole = plan.rungs.filter((rung) => made(rung) === countSegments(plan));
  const rungs = whole.length > 0 ? whole : plan.rungs.filter((rung) => made(rung) > 0);
  return { ...plan, rungs, tracks: plan.tracks.filter((track) => made(track) > 0) };
}

/** By segment number. */
export function ownersOf(
  track: string,
  committed: readonly CommittedRectangle[],
): Map<number, CommittedRectangle> {
  const owners = new Map<number, CommittedRectangle>();
  for (const row of committed) {
    if (row.track !== track) continue;
    for (const [segment] of row.segments) owners.set(segment, row);
  }
  return owners;
}

/** Two inits of one rung with the same codecs and length are taken to be equal. */
export function initSignature(row: CommittedRectangle | undefined): string | undefined {
  return row && `${row.codecs}/${row.initLength}`;
}
