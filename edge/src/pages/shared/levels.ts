/**
 * Which levels of a stream may be taken automatically while the ladder is still being made, so that nobody is
 * sent to wait for a rung when another already stands there. Pure; the player's stream asks on every event.
 */
import type { RenditionView } from "./record.ts";

export interface LevelView {
  /** The rung's name. */
  name: string;
  /** Bits per second. */
  bitrate: number;
}

export interface LevelWindow {
  /** Indices of the lowest and the highest level that may be taken. */
  floor: number;
  cap: number;
}

/** A rung counts as there when so much of it lies ahead. Seconds; a segment is about 4. */
const LEAD_S = 3;
/** A rung is affordable when this share of the measured bandwidth carries it. */
const CAUTION = 0.7;

/**
 * `levels` lowest first, `at` the second that is loaded next. Where those that are there leave a gap, a copied
 * top rung above a low one, the better of the affordable ones decides on which side of the gap to stay.
 */
export function levelWindow(
  levels: LevelView[],
  rungs: RenditionView[],
  at: number,
  bandwidth: number,
): LevelWindow {
  const here = levels.map(({ name }) => {
    const rung = rungs.find((one) => one.name === name);
    return rung !== undefined && isHere(rung, at);
  });
  const lowest = here.indexOf(true);
  if (lowest === -1) return { floor: 0, cap: 0 };
  const affordable = levels.findLastIndex(
    ({ bitrate }, level) => here[level] === true && bitrate <= bandwidth * CAUTION,
  );
  const best = affordable === -1 ? lowest : affordable;
  let floor = best;
  while (here[floor - 1]) floor -= 1;
  let cap = best;
  while (here[cap + 1]) cap += 1;
  return { floor, cap };
}

function isHere({ state, ranges }: RenditionView, at: number): boolean {
  if (state === "ready") return true;
  const end = Math.max(0, ...(ranges ?? []).map(([, to]) => to));
  return (ranges ?? []).some(([from, to]) => from <= at && (at + LEAD_S <= to || (to === end && at < to)));
}
