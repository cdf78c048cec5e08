/** The thumbnail of a sound file, from the picture that rides along in it. Called by the inspection. */
import { join } from "node:path";
import { takeCover } from "../ffmpeg/still-arguments.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { Picture } from "../protocol.ts";
import { Abandoned } from "../errors.ts";
import { decodeImage } from "./decoding.ts";
import { deliverThumbnail, hashPixels, type Hashes } from "./pictures.ts";
import type { JobContext } from "./processor.ts";

/** Null where the picture cannot be read: a sound file is none the worse for it. */
export async function makeCover(
  url: string,
  stream: number,
  context: JobContext,
): Promise<{ thumbnail: Picture; hashes: Hashes } | null> {
  const path = join(context.workspace, "cover");
  try {
    await runFfmpeg(takeCover({ url, stream, path }), { signal: context.signal });
    const { pixels } = await decodeImage(path);
    const [thumbnail, hashes] = await Promise.all([deliverThumbnail(pixels, context), hashPixels(pixels)]);
    return { thumbnail, hashes };
  } catch (error) {
    if (error instanceof Abandoned || context.signal.aborted) throw error;
    context.log.debug("cover cannot be read");
    return null;
  }
}
