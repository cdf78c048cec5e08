/** Which processor makes which kind of job: the table is complete, or it does not compile. */
import type { JobKind, Recipe, Result } from "../protocol.ts";
import { audio } from "./audio.ts";
import { frameIndex } from "./frame-index.ts";
import { image } from "./image.ts";
import { inspect } from "./inspect.ts";
import { mp4 } from "./mp4.ts";
import type { JobContext, Processor } from "./processor.ts";
import { stills } from "./stills.ts";
import { storyboard } from "./storyboard.ts";
import { subtitle } from "./subtitle.ts";
import { video } from "./video.ts";
import { waveform } from "./waveform.ts";

export const processors: { [K in JobKind]: Processor<Extract<Recipe, { kind: K }>> } = {
  inspect,
  stills,
  image,
  video,
  audio,
  mp4,
  index: frameIndex,
  subtitle,
  storyboard,
  waveform,
};

/** Makes the renditions of a recipe. Throws what a processor throws. */
export function processJob(recipe: Recipe, context: JobContext): Promise<Result> {
  switch (recipe.kind) {
    case "inspect":
      return processors.inspect(recipe, context);
    case "stills":
      return processors.stills(recipe, context);
    case "image":
      return processors.image(recipe, context);
    case "video":
      return processors.video(recipe, context);
    case "audio":
      return processors.audio(recipe, context);
    case "mp4":
      return processors.mp4(recipe, context);
    case "index":
      return processors.index(recipe, context);
    case "subtitle":
      return processors.subtitle(recipe, context);
    case "storyboard":
      return processors.storyboard(recipe, context);
    case "waveform":
      return processors.waveform(recipe, context);
  }
}
