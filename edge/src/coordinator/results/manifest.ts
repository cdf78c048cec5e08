/**
 * Does what an agent says it made fit what it was asked to make? Pure; asked once, when it completes. Whether
 * the objects are really there is asked of the storage afterwards (`verify.ts`).
 */
import type { Complete, Recipe, Result, TrackReport } from "#protocol";

type Uploaded = ReadonlyMap<string, number>;

/** What is wrong, as a sentence for the agent; null where all fits. */
export function faultOf(recipe: Recipe, complete: Pick<Complete, "objects" | "result">): string | null {
  const sizes = new Map(complete.objects.map(({ name, size }) => [name, size]));
  if (sizes.size < complete.objects.length) return "An object is named twice.";
  const missing = objectsOf(complete.result).find((name) => !sizes.has(name));
  if (missing !== undefined) return `The result names ${missing}, which is not among the objects.`;
  return resultFault(recipe, complete.result, sizes);
}

function resultFault(recipe: Recipe, result: Result, sizes: Uploaded): string | null {
  if (recipe.kind !== result.kind) return `A result of ${recipe.kind} was expected, not of ${result.kind}.`;
  switch (result.kind) {
    case "inspect":
    case "stills":
    case "image":
    case "mp4":
    case "index":
    case "subtitle":
    case "waveform":
      return null;
    case "storyboard":
      return recipe.kind === "storyboard" ? storyboardFault(recipe, result.sheets.length) : null;
    case "audio":
      return recipe.kind === "audio" ? audioFault(recipe, result, sizes) : null;
    case "video":
      return recipe.kind === "video" ? videoFault(recipe, result.rungs, sizes) : null;
  }
}

function videoFault(
  recipe: Extract<Recipe, { kind: "video" }>,
  rungs: readonly TrackReport[],
  sizes: Uploaded,
): string | null {
  const asked = recipe.rungs
    .map(({ name }) => name)
    .sort()
    .join(" ");
  const made = rungs
    .map(({ name }) => name)
    .sort()
    .join(" ");
  if (asked !== made) return `The rungs ${asked} were expected, not ${made}.`;
  return firstFault(rungs.map((rung) => trackFault(rung, recipe.segments, sizes)));
}

function audioFault(
  recipe: Extract<Recipe, { kind: "audio" }>,
  result: Extract<Result, { kind: "audio" }>,
  sizes: Uploaded,
): string | null {
  if (recipe.purpose === "download") return result.download ? null : "A download was expected.";
  if (result.track?.name !== recipe.name) return `The track ${recipe.name} was expected.`;
  return trackFault(result.track, recipe.segments, sizes);
}

function storyboardFault(recipe: Extract<Recipe, { kind: "storyboard" }>, sheets: number): string | null {
  const wanted = Math.ceil(recipe.tiles / (recipe.columns * recipe.rows));
  return sheets === wanted ? null : `${wanted} sheets were expected, not ${sheets}.`;
}

/** A source that ends early leaves the last segments out; none may come twice or from elsewhere. */
function trackFault(
  track: TrackReport,
  [from, until]: readonly [number, number],
  sizes: Uploaded,
): string | null {
  const size = sizes.get(track.object) ?? 0;
  if (track.init[0] + track.init[1] > size) return `The init of ${track.name} lies outside its object.`;
  let next = from;
  for (const { segment, offset, length } of track.segments) {
    if (segment < next || segment >= until) return `Segment ${segment} of ${track.name} was not asked for.`;
    if (length === 0 || offset + length > size)
      return `Segment ${segment} of ${track.name} lies outside its object.`;
    next = segment + 1;
  }
  return null;
}

function firstFault(faults: readonly (string | null)[]): string | null {
  return faults.find((fault) => fault !== null) ?? null;
}

/** Every object that the result points to. */
export function objectsOf(result: Result): string[] {
  switch (result.kind) {
    case "inspect":
      return [result.video?.index, result.poster?.object, result.thumbnail?.object].filter(isName);
    case "stills":
      return [result.pictures?.poster.object, result.pictures?.thumbnail.object].filter(isName);
    case "image":
      return [result.thumbnail.object, result.preview.object, result.mp4?.object].filter(isName);
    case "video":
      return result.rungs.map(({ object }) => object);
    case "audio":
      return [result.track?.object, result.download?.object].filter(isName);
    case "mp4":
    case "subtitle":
    case "waveform":
      return [result.object];
    case "index":
      return [result.index];
    case "storyboard":
      return result.sheets.map(({ object }) => object);
  }
}

function isName(name: string | null | undefined): name is string {
  return name !== undefined && name !== null;
}
