/**
 * Cuts a plan into the rectangles and audio stretches that become jobs. Called by the coordinator once per
 * plan; the order of the answer is the order in which a viewer wants them.
 */
import type { Plan } from "./plan.ts";

export interface Rectangle {
  /** Names it within its plan; one path step of an object key. */
  part: string;
  /** [first, after the last] */
  segments: [number, number];
  /** Lowest first. */
  rungs: string[];
  /** Segment 0: what a viewer needs before anything plays. */
  head: boolean;
}

export interface Stretch {
  part: string;
  track: string;
  segments: [number, number];
}

/** Segments of the first rectangle after the head; each next one has twice as many. */
const FIRST_LENGTH = 2;
/** A rectangle grows to about this many seconds: what a lost agent costs at most. */
const LONGEST_RECTANGLE_SECONDS = 60;
/** The first stretch of sound is short, since playback waits for it. */
const FIRST_STRETCH_SECONDS = 16;
const STRETCH_SECONDS = 120;

/**
 * The head is segment 0 of the lowest rung alone (half a second of work on two cores, where three rungs
 * take two); then its other rungs; then all rungs together, in lengths that double.
 */
export function planRectangles(plan: Plan): Rectangle[] {
  const [lowest, ...others] = plan.rungs.map(({ name }) => name);
  if (lowest === undefined) return [];
  const heads = [[lowest], others].filter((rungs) => rungs.length > 0);
  const rectangles = heads.map((rungs) => rectangle([0, 1], rungs, true));
  const count = countSegments(plan);
  for (let from = 1, length = FIRST_LENGTH; from < count; length *= 2) {
    const until = Math.min(from + length, fit(plan, from, LONGEST_RECTANGLE_SECONDS));
    rectangles.push(rectangle([from, until], [lowest, ...others], false));
    from = until;
  }
  return rectangles;
}

/** Each audio track in stretches of about two minutes, the first one shorter; all tracks' first ones first. */
export function planAudio(plan: Plan): Stretch[] {
  const count = countSegments(plan);
  const stretches: Stretch[] = [];
  for (let from = 0, seconds = FIRST_STRETCH_SECONDS; from < count; seconds = STRETCH_SECONDS) {
    const fitting = fit(plan, from, seconds);
    // A short rest is no job of its own.
    const until = fit(plan, fitting, FIRST_STRETCH_SECONDS) === count ? count : fitting;
    for (const { name } of plan.tracks) {
      stretches.push({ part: `${name}.${from}-${until}`, track: name, segments: [from, until] });
    }
    from = until;
  }
  return stretches;
}

export function countSegments(plan: Plan): number {
  return plan.boundaries.length - 1;
}

function rectangle(segments: [number, number], rungs: string[], head: boolean): Rectangle {
  return { part: `${rungs.join("_")}.${segments.join("-")}`, segments, rungs, head };
}

/** The segment after the last that, from `from` on, ends within `seconds`; always one at least. */
function fit(plan: Plan, from: number, seconds: number): number {
  const start = plan.boundaries[from] ?? 0;
  const limit = start + seconds * plan.timescale;
  const count = countSegments(plan);
  let until = from + 1;
  while (until < count && (plan.boundaries[until + 1] ?? Infinity) <= limit) until += 1;
  return until;
}
