/**
 * Where a film with an open end does end: its last frame's time and how long that frame stays, from the same
 * place from which the inspection had it: the film's tables, else the packets behind the last known boundary. Encoders forget the latter. Called by the video processor.
 */
import { readPackets } from "../ffmpeg/probe.ts";
import type { VideoRecipe } from "../protocol.ts";
import { tabulateTimes } from "./film-times.ts";
import { collectFrameTimes } from "./frame-times.ts";
import type { Readable } from "./readable.ts";

/** The recipe's boundaries, the last one known too. Source ticks. */
export async function closeEnd(
  recipe: VideoRecipe,
  readable: Readable,
  signal: AbortSignal,
): Promise<number[]> {
  const known = recipe.boundaries.filter((boundary) => boundary !== null);
  if (known.length === recipe.boundaries.length) return known;
  const last = known.at(-1) ?? recipe.origin;
  const stream = readable.stream(recipe.stream);
  const probed = await readable.probe();
  const tabled = await tabulateTimes({ readable, probed, position: stream, sounds: [] });
  if (tabled !== null) return [...known, Math.max(tabled.index.end, last + 1)];
  const frames = collectFrameTimes();
  const { brokenOff } = await readPackets(
    readable.url,
    { stream, from: last / recipe.timescale },
    (packet) => frames.add(packet),
    { signal },
  );
  if (brokenOff) frames.dropLast();
  const end = frames.build(recipe.timescale)?.index.end ?? last;
  return [...known, Math.max(end, last + 1)];
}
