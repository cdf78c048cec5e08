/** Writes the recipes that agents get for the pieces of a plan. Called by the coordinator. */
import type { AudioTrackRecipe, RungRecipe, SubtitleRecipe, VideoRecipe } from "#protocol";
import type { Head, Plan, PlannedText } from "./plan.ts";
import { averageFrameRate } from "./timeline.ts";
import { countSegments, headRectangle, type Rectangle, type Stretch } from "./rectangles.ts";

/** What a stretch is cut from. */
type Cut = Pick<Plan, "id" | "timescale" | "origin" | "boundaries">;

export function videoRecipe(plan: Plan, rectangle: Pick<Rectangle, "segments" | "rungs">): VideoRecipe {
  const rungs: RungRecipe[] = plan.rungs
    .filter(({ name }) => rectangle.rungs.includes(name))
    .map(({ name, mode, width, height, ceiling }) => ({ name, mode, width, height, ceiling }));
  const preroll = plan.prerolls?.[rectangle.segments[0]] ?? null;
  return {
    kind: "video",
    ...stretch(plan, rectangle.segments),
    ...plan.video,
    ...(preroll !== null && { preroll }),
    frameRate: averageFrameRate(plan),
    rungs,
  };
}

/** For the head of a film whose other frames are not known yet: its end is a frame, not the film's. */
export function headRecipe(head: Head): VideoRecipe {
  const quick = headRectangle(head)?.rungs ?? [];
  const rungs: RungRecipe[] = head.rungs.filter(({ name }) => quick.includes(name));
  return {
    kind: "video",
    ...onTimeline(head),
    segments: [0, 1],
    boundaries: [...head.boundaries],
    ...head.video,
    rungs,
  };
}

export function audioRecipe(plan: Plan, { track: name, segments }: Stretch): AudioTrackRecipe {
  const track = plan.tracks.find((planned) => planned.name === name);
  if (!track) throw new Error(`Plan ${plan.id} has no audio track ${name}.`);
  const cut = stretch(plan, segments);
  // Sound may begin before the first frame; none of it is to be cut off.
  if (segments[0] === 0) cut.boundaries[0] = plan.origin;
  return {
    kind: "audio",
    purpose: "track",
    ...cut,
    name,
    stream: track.stream,
    mode: track.mode,
    remux: plan.video.traits.remux,
    sampleRate: track.sampleRate,
  };
}

export function subtitleRecipe({ origin, timescale }: Cut, { stream }: PlannedText): SubtitleRecipe {
  return { kind: "subtitle", stream, origin: origin / timescale };
}

function stretch(plan: Cut, segments: [number, number]) {
  const boundaries: (number | null)[] = plan.boundaries.slice(segments[0], segments[1] + 1);
  // The film's end is open: a last frame or packet that lies a little later still belongs to it.
  if (segments[1] === countSegments(plan)) boundaries[boundaries.length - 1] = null;
  return { ...onTimeline(plan), segments, boundaries };
}

function onTimeline({ id: plan, timescale, origin }: Omit<Cut, "boundaries">) {
  return { plan, timescale, origin };
}
