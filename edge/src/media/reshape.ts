/**
 * Rectangles made out of turn, and what becomes of one before it is granted: pure decisions that the
 * coordinator asks for when somebody waits, when others own its segments by now, and when several slots share the rest.
 */
import type { Plan } from "./plan.ts";
import {
  countSegments,
  fit,
  FIRST_STRETCH_SECONDS,
  isCopyOnly,
  partOf,
  type Rectangle,
  type Stretch,
} from "./rectangles.ts";

/** Begins the part of all that is made because somebody waits. */
const AWAITED = "wait.";
/** Segments of an awaited rectangle at most: enough to stay ahead of the viewer. */
const MOST_AWAITED = 3;
/**
 * A rectangle is cut so that each slot could take this many of what remains: who is a little slower than the others then
 * still ends with them. More of them would end closer together, but each costs a start and a place in the storage
 * (modelled, and measured by `npm run bench -- B3`: 2 is worse for 8 agents and for 64).
 */
const ROUNDS_PER_SLOT = 1.5;

/** Made because somebody waited; planned rectangles or stretches cover the same segments. */
export function isAwaitedPart(part: string): boolean {
  return part.startsWith(AWAITED);
}

/**
 * A small rectangle of one rung for somebody who waits for `segment`. Alone after a seek, since that viewer
 * sees nothing until it is there; up to three where the one before is there already, so that a viewer who
 * plays on need not wait for each. `claimed`: somebody's commit owns that segment of the rung.
 */
export function awaitedRectangle(
  plan: Plan,
  rung: string,
  segment: number,
  claimed: (segment: number) => boolean,
): Rectangle {
  const most = segment > 0 && claimed(segment - 1) ? MOST_AWAITED : 1;
  const segments = free(plan, segment, segment + most, claimed);
  return { part: AWAITED + partOf([rung], segments), segments, rungs: [rung] };
}

/** The same for a track of sound: a quarter of a minute, up to what is there. */
export function awaitedStretch(
  plan: Plan,
  track: string,
  segment: number,
  claimed: (segment: number) => boolean,
): Stretch {
  const segments = free(plan, segment, fit(plan, segment, FIRST_STRETCH_SECONDS), claimed);
  return { part: AWAITED + partOf([track], segments), track, segments };
}

/**
 * What is left to make of a rectangle when others own some of it: without the rungs that are all owned, and
 * from the first segment that somebody lacks to the last. Keeps its part, so it stays the same job. Null:
 * nothing is left.
 */
export function trimRectangle(
  rectangle: Rectangle,
  claimed: (rung: string, segment: number) => boolean,
): Rectangle | null {
  const [from, until] = rectangle.segments;
  const all = Array.from({ length: until - from }, (_, at) => from + at);
  const rungs = rectangle.rungs.filter((rung) => all.some((segment) => !claimed(rung, segment)));
  const lacking = all.filter((segment) => rungs.some((rung) => !claimed(rung, segment)));
  const [first, last] = [lacking[0], lacking.at(-1)];
  if (first === undefined || last === undefined) return null;
  return { ...rectangle, segments: [first, last + 1], rungs };
}

/**
 * Cuts a rectangle that is about to be granted, where `slots` share what is left of the film: those that are free and
 * those that are at it and come back for more. No longer than what remains, divided so that each slot could take one and
 * a half. The first answer is to be granted now and keeps its part; the second, where there is one, waits and is cut
 * again at its own turn. So pieces shrink towards the end, and the slots fall idle together. Copies are not cut: they
 * are quick, and bound by the line.
 * `remaining`: seconds of film that are still to be encoded; by default all from this rectangle on.
 */
export function splitRectangle(
  plan: Plan,
  rectangle: Rectangle,
  slots: number,
  remaining = secondsBetween(plan, rectangle.segments[0], countSegments(plan)),
): [Rectangle] | [Rectangle, Rectangle] {
  const [from, until] = rectangle.segments;
  if (slots < 2 || until - from < 2 || isCopyOnly(plan, rectangle.rungs)) return [rectangle];
  const cut = fit(plan, from, remaining / (ROUNDS_PER_SLOT * slots));
  if (cut >= until) return [rectangle];
  const rest: [number, number] = [cut, until];
  return [
    { ...rectangle, segments: [from, cut] },
    { ...rectangle, segments: rest, part: partOf(rectangle.rungs, rest) },
  ];
}

/** From `from` on up to `until`, the film's end or the first segment that is there; one at least. */
function free(
  plan: Plan,
  from: number,
  until: number,
  claimed: (segment: number) => boolean,
): [number, number] {
  const most = Math.min(until, countSegments(plan));
  let end = from + 1;
  while (end < most && !claimed(end)) end += 1;
  return [from, end];
}

function secondsBetween({ boundaries, timescale }: Plan, from: number, until: number): number {
  return ((boundaries[until] ?? 0) - (boundaries[from] ?? 0)) / timescale;
}
