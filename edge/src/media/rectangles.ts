/**
 * Cuts a plan into the rectangles and audio stretches that become jobs. Called by the coordinator once per
 * plan; the order of the answer is the order in which a viewer wants them. What is made out of turn, and what
 * becomes of a rectangle before it is granted, stands in `reshape.ts`.
 */
import type { Plan, PlannedRung } from "./plan.ts";

export interface Rectangle {
  /** Names it within its plan; one path step of an object key. */
  part: string;
  /** [first, after the last] */
  segments: [number, number];
  /** Lowest first. */
  rungs: string[];
}

export interface Stretch {
  part: string;
  track: string;
  segments: [number, number];
}

/**
 * Segments of the first rectangle after the head; each next one has twice as many. What is copied costs little more than
 * starting ffmpeg, and whoever waits for a bit of it gets that by itself.
 */
const FIRST_LENGTH = { encode: 2, copy: 4 } as const;
/** A rectangle grows to about this many seconds: what a lost agent costs at most. */
const LONGEST_RECTANGLE_SECONDS = 60;
/** Half a minute: the whole of such a film is soon sent. */
const SHORT_FILM_SEGMENTS = 8;
/** The first stretch of sound is short, since playback waits for it. */
export const FIRST_STRETCH_SECONDS = 16;
const STRETCH_SECONDS = 120;

/**
 * The head is segment 0 of the quickest rung alone (a copy, or half a second of work on two cores, where
 * three rungs take two); then its other rungs; then the rest, in lengths that double. A copied rung has
 * rectangles of its own, each before the encoded ones of the same place: copying runs far ahead of encoding, so
 * nothing waits for the first of those, and it is no shorter than the next.
 */
export function planRectangles(plan: Plan): Rectangle[] {
  const quickest = quickestRung(plan.rungs);
  if (quickest === null) return [];
  const others = plan.rungs.filter((rung) => rung !== quickest);
  const copies = quickest.mode === "copy";
  const heads = copies ? [[quickest]] : [[quickest], others];
  const byMode = (mode: PlannedRung["mode"]) => namesOf(plan.rungs.filter((rung) => rung.mode === mode));
  const copied = byMode("copy");
  const encoded = byMode("encode");
  const rest = [
    ...(copied.length === 0 ? [] : growing(plan).map((segments) => rectangle(segments, copied))),
    ...(encoded.length === 0 ? [] : shrinking(plan, copies).map((each) => rectangle(each, encoded))),
  ];
  return [
    ...heads.filter((rungs) => rungs.length > 0).map((rungs) => rectangle([0, 1], namesOf(rungs))),
    ...rest.toSorted((one, other) => one.segments[0] - other.segments[0]),
  ];
}

/** Segment 0: what a viewer needs before anything plays. */
export function isHead({ segments }: Pick<Rectangle | Stretch, "segments">): boolean {
  return segments[0] === 0;
}

/** What plays first: segment 0 of the quickest rung. Also before the rest of the film is known (`Head`). */
export function headRectangle({ rungs }: { rungs: readonly PlannedRung[] }): Rectangle | null {
  const quickest = quickestRung(rungs);
  return quickest && rectangle([0, 1], [quickest.name]);
}

/** Nothing of it is encoded: it costs reading and writing alone. */
export function isCopyOnly(plan: Plan, rungs: readonly string[]): boolean {
  return plan.rungs.every(({ name, mode }) => mode === "copy" || !rungs.includes(name));
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

export function countSegments(plan: Pick<Plan, "boundaries">): number {
  return plan.boundaries.length - 1;
}

/** The segment after the last that, from `from` on, ends within `seconds`; always one at least. */
export function fit(plan: Plan, from: number, seconds: number): number {
  const start = plan.boundaries[from] ?? 0;
  const limit = start + seconds * plan.timescale;
  const count = countSegments(plan);
  let until = from + 1;
  while (until < count && (plan.boundaries[until + 1] ?? Infinity) <= limit) until += 1;
  return until;
}

/** The name of a rectangle of its own place; of others the part is kept or prefixed. */
export function partOf(rungs: readonly string[], segments: readonly [number, number]): string {
  return `${rungs.join("_")}.${segments.join("-")}`;
}

/** Whose first segment is there first: the copied one, else the lowest. */
export function quickestRung(rungs: readonly PlannedRung[]): PlannedRung | null {
  return rungs.find(({ mode }) => mode === "copy") ?? rungs[0] ?? null;
}

/** From segment 1 on, in lengths that double up to a minute. */
function growing(plan: Plan): [number, number][] {
  return restStretches(plan, 1, FIRST_LENGTH.copy, (left) => left);
}

/**
 * The same, but towards the end each has two fifths of what is left: on a slow line nothing else happens while the last
 * one is encoded and sent, and one of half as much as the one before has come before that one is sent (B4). A rectangle
 * more costs a quarter of a second of a core, which only a short film feels: that one is halved (B1). `copies`: the head
 * is not among them, and without the top rung two segments are the work and the bytes of one.
 */
function shrinking(plan: Plan, copies: boolean): [number, number][] {
  const share = countSegments(plan) <= SHORT_FILM_SEGMENTS ? 1 / 2 : 2 / 5;
  const least = copies ? 2 : 1;
  return restStretches(plan, copies ? 0 : 1, FIRST_LENGTH.encode, (left) => {
    const most = Math.max(least, Math.round(left * share));
    return left - most < least ? left : most;
  });
}

/** `most`: of the segments that are left. */
function restStretches(
  plan: Plan,
  first: number,
  length: number,
  most: (left: number) => number,
): [number, number][] {
  const count = countSegments(plan);
  const stretches: [number, number][] = [];
  for (let from = first, next = length; from < count; next *= 2) {
    const longest = Math.min(next, most(count - from));
    const until = Math.min(from + longest, fit(plan, from, LONGEST_RECTANGLE_SECONDS));
    stretches.push([from, until]);
    from = until;
  }
  return stretches;
}

function rectangle(segments: [number, number], rungs: string[]): Rectangle {
  return { part: partOf(rungs, segments), segments, rungs };
}

function namesOf(rungs: readonly PlannedRung[]): string[] {
  return rungs.map(({ name }) => name);
}
