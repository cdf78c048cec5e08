/**
 * From an image file to pixels on the screen's terms: upright, sRGB, no metadata, at most preview size.
 * Called by the image processor and for covers; the only place that gives sharp a file from outside.
 */
import sharp from "sharp";
import { fitInto, PREVIEW_SIDE, type Pixels } from "./pictures.ts";
import { classifySharp } from "./sharp-failure.ts";

/** 100 MP: the largest cameras, and 300 MB of memory at worst. */
const MAX_PIXELS = 100_000_000;

export const READING = { limitInputPixels: MAX_PIXELS, failOn: "error" } as const;

export interface DecodedImage {
  pixels: Pixels;
  /** The whole picture's size, upright. */
  width: number;
  height: number;
  /** How long each picture of an animation stays, in milliseconds; one entry for a still. */
  delays: number[];
}

export async function decodeImage(path: string): Promise<DecodedImage> {
  const image = sharp(path, READING);
  const facts = await image.metadata().catch(classifySharp);
  const { data, info } = await image
    .autoOrient()
    .toColourspace("srgb")
    .resize(fitInto(PREVIEW_SIDE))
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(classifySharp);
  const pixels = await plainChannels(data, info);
  return {
    pixels,
    width: facts.autoOrient.width,
    height: facts.autoOrient.height,
    delays: (facts.pages ?? 1) > 1 ? (facts.delay ?? []) : [0],
  };
}

/** Grey pictures come with one channel or two. */
async function plainChannels(
  data: Buffer,
  info: { width: number; height: number; channels: 1 | 2 | 3 | 4 },
): Promise<Pixels> {
  const { width, height, channels } = info;
  if (channels === 3 || channels === 4) return { data, width, height, channels };
  const coloured = sharp(data, { raw: { width, height, channels } }).toColourspace("srgb").ensureAlpha();
  return { data: await coloured.raw().toBuffer().catch(classifySharp), width, height, channels: 4 };
}
