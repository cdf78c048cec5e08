/**
 * Images: thumbnail, preview and hashes from one decode; for animated ones a silent MP4 loop too. HEIC only
 * where ffmpeg can read it whole; otherwise a quiet "no preview".
 */
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { probeFile } from "../ffmpeg/probe.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import { takePicture } from "../ffmpeg/still-arguments.ts";
import type { ImageRecipe } from "../protocol.ts";
import { makeLoop } from "./animation.ts";
import { decodeImage, type DecodedImage } from "./decoding.ts";
import { deliverPicture, deliverThumbnail, fromPixels, hashPixels } from "./pictures.ts";
import type { JobContext, Processor } from "./processor.ts";

export const image: Processor<ImageRecipe> = async (recipe, context) => {
  const path = await (await context.source()).download();
  context.signal.throwIfAborted();
  const decoded = await decodeImage(path).catch((error: unknown) => readByFfmpeg(path, error, context));
  context.progress(0.4);
  const preview = fromPixels(decoded.pixels).webp({ quality: 82 });
  const [thumbnail, large, hashes] = await Promise.all([
    deliverThumbnail(decoded.pixels, context),
    deliverPicture(preview, { name: "preview.webp", type: "image/webp" }, context),
    hashPixels(decoded.pixels),
  ]);
  context.progress(0.6);
  const moves = recipe.animated && decoded.delays.length > 1;
  const mp4 = moves ? await makeLoop(path, decoded, context) : null;
  return {
    kind: "image",
    width: decoded.width,
    height: decoded.height,
    thumbnail,
    preview: large,
    mp4,
    hashes,
  };
};

/** What sharp does not know, ffmpeg may, as long as the picture is one piece: tiles would come out singly. */
async function readByFfmpeg(path: string, cause: unknown, context: JobContext): Promise<DecodedImage> {
  if (!(cause instanceof JobError) || cause.code !== "unsupported") throw cause;
  const whole = join(context.workspace, "whole.png");
  try {
    const { streams } = await probeFile(path, { signal: context.signal });
    if (streams.length !== 1) throw cause;
    await runFfmpeg(takePicture({ url: path, path: whole }), { signal: context.signal });
    return await decodeImage(whole);
  } catch (error) {
    if (context.signal.aborted) throw error;
    throw cause;
  }
}
