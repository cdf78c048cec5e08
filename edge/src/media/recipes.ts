/** Writes the recipes that agents get for the rectangles and stretches of a plan. Called by the coordinator. */
import type { AudioTrackRecipe, RungRecipe, VideoRecipe } from "#protocol";
import type { Plan } from "./plan.ts";
import { countSegments, type Rectangle, type Stretch } from "./rectangles.ts";

export function videoRecipe(plan: Plan, rectangle: Pick<Rectangle, "segments" | "rungs">): VideoRecipe {
  const rungs: RungRecipe[] = plan.rungs.filter(({ name }) => rectangle.rungs.includes(name));
  return { kind: "video", ...stretch(plan, rectangle.segments), ...plan.video, rungs };
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

function stretch(plan: Plan, segments: [number, number]) {
  const boundaries: (number | null)[] = plan.boundaries.slice(segments[0], segments[1] + 1);
  // The film's end is open: a last frame or packet that lies a little later still belongs to it.
  if (segments[1] === countSegments(plan)) boundaries[boundaries.length - 1] = null;
  return { plan: plan.id, timescale: plan.timescale, origin: plan.origin, segments, boundaries };
}
