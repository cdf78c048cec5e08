/**
 * The silent MP4 of an animated GIF or WebP: pictures by sharp, encoded by ffmpeg, each then given the time it
 * stays. Called by the image processor. Pictures are decoded a few at a time, however many there are.
 */
import { join } from "node:path";
import sharp from "sharp";
import { JobError } from "../errors.ts";
import { withFallback } from "../ffmpeg/choice.ts";
import type { Segment } from "../ffmpeg/cuts.ts";
import { withFile } from "../ffmpeg/files.ts";
import { rewriteFragments } from "../ffmpeg/fragments.ts";
import { encodeLoop } from "../ffmpeg/loop-arguments.ts";
import { writeMp4 } from "../ffmpeg/mp4-file.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { Sample } from "../ffmpeg/samples.ts";
import type { Picture } from "../protocol.ts";
import { READING, type DecodedImage } from "./decoding.ts";
import type { JobContext } from "./processor.ts";
import { classifySharp } from "./sharp-failure.ts";

/** Longest side, in pixels: larger animations are made smaller. */
const MAX_SIDE = 1_280;
/** Of all pictures together after scaling: 600 MB on disk for a moment. More than that gets no loop. */
const MAX_TOTAL_PIXELS = 200_000_000;
/** Decoded at a time, at full size. */
const PIXELS_AT_ONCE = 20_000_000;
/** Browsers show what claims less than 20 ms for 100 ms. */
const LEAST_DELAY_MS = 20;
const USUAL_DELAY_MS = 100;
const CEILING = 4_000_000;

/** Null when it is too much for a loop; the still pictures are there all the same. */
export async function makeLoop(
  path: string,
  source: DecodedImage,
  context: JobContext,
): Promise<Picture | null> {
  const delays = source.delays.map((delay) => (delay < LEAST_DELAY_MS ? USUAL_DELAY_MS : delay));
  const size = fit(source);
  if (size.width * size.height * delays.length > MAX_TOTAL_PIXELS) return null;
  const pictures = join(context.workspace, "pictures.rgb");
  await writePictures(path, pictures, source, size, context);
  const [raw, timed] = [join(context.workspace, "loop.raw.mp4"), join(context.workspace, "loop.mp4")];
  const made = join(context.workspace, "video.mp4");
  const total = delays.reduce((sum, delay) => sum + delay, 0);
  const encoders = context.encoders.filter(({ decoding }) => decoding === undefined);
  await withFallback(encoders, "rgb24", context.log, async (encoder) => {
    const rate = (delays.length * 1_000) / total;
    await runFfmpeg(encodeLoop({ pictures, ...size, rate, encoder, ceiling: CEILING, path: raw }), {
      signal: context.signal,
    });
    const { frames } = await rewriteFragments(raw, timed, (samples) => holdEach(samples, delays));
    if (frames !== delays.length)
      throw new JobError("crashed", `${frames} of ${delays.length} pictures were encoded.`);
  });
  await writeMp4([timed], made);
  context.deliver({ name: "video.mp4", type: "video/mp4", path: made });
  return { object: "video.mp4", ...size };
}

/** Even sides, never enlarged. */
function fit({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const factor = Math.min(1, MAX_SIDE / Math.max(width, height));
  const even = (side: number) => Math.max(2, 2 * Math.round((side * factor) / 2));
  return { width: even(width), height: even(height) };
}

async function writePictures(
  from: string,
  to: string,
  source: DecodedImage,
  size: { width: number; height: number },
  context: JobContext,
): Promise<void> {
  const step = Math.max(1, Math.floor(PIXELS_AT_ONCE / (source.width * source.height)));
  await withFile(to, "w", async (file) => {
    for (let page = 0; page < source.delays.length; page += step) {
      context.signal.throwIfAborted();
      const pages = Math.min(step, source.delays.length - page);
      for (const picture of await readPictures(from, page, pages, size)) await file.writeFile(picture);
    }
  });
}

/** Some pictures of an animation as bare RGB of that size; what is transparent becomes white. */
async function readPictures(
  path: string,
  page: number,
  pages: number,
  size: { width: number; height: number },
): Promise<Buffer[]> {
  const strip = sharp(path, { ...READING, page, pages }).toColourspace("srgb");
  const { data, info } = await strip
    .flatten({ background: "#fff" })
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(classifySharp);
  const raw = { width: info.width, height: info.height / pages, channels: info.channels };
  const bytes = data.length / pages;
  const each = Array.from({ length: pages }, (_, at) => data.subarray(at * bytes, (at + 1) * bytes));
  return Promise.all(
    each.map((picture) =>
      sharp(picture, { raw })
        .resize({ ...size, fit: "fill" })
        .raw()
        .toBuffer()
        .catch(classifySharp),
    ),
  );
}

/** One segment in which each picture stays as long as it says. Encoded without reordering, so in order. */
function holdEach(samples: Sample[], delays: readonly number[]): Segment[] {
  const cut = samples.map((sample, index) => ({
    sample,
    duration: delays[index] ?? USUAL_DELAY_MS,
    composition: 0,
  }));
  const duration = cut.reduce((sum, sample) => sum + sample.duration, 0);
  return [{ segment: 0, start: 0, duration, samples: cut }];
}
