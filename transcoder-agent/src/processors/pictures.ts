/**
 * Small pictures and placeholder hashes from one decoded picture. Called by the image processor and the
 * inspection; reads no file and never decodes twice.
 */
import { join } from "node:path";
import { encode as encodeBlurhash } from "blurhash";
import sharp, { type Sharp } from "sharp";
import { rgbaToThumbHash } from "thumbhash";
import type { Picture } from "../protocol.ts";
import type { JobContext, Product } from "./processor.ts";
import { classifySharp } from "./sharp-failure.ts";

/** Longest sides, in pixels. */
export const THUMBNAIL_SIDE = 320;
export const PREVIEW_SIDE = 1_600;
/** Enough for a blur, and a thousandth of the time of a full picture (research/transcoding.md §1.10). */
const HASH_SIDE = 32;
/** Detail of the blurhash, across and down. */
const BLURHASH_PARTS = [4, 3] as const;

/** A picture in memory: eight bits, sRGB. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: 3 | 4;
}

export interface Hashes {
  blurhash: string;
  /** Base64. */
  thumbhash: string;
}

export function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Never larger than it was. */
export function fitInto(side: number) {
  return { width: side, height: side, fit: "inside", withoutEnlargement: true } as const;
}

/** Writes a picture and hands it over for upload. */
export async function deliverPicture(
  picture: Sharp,
  product: Omit<Product, "path">,
  context: JobContext,
): Promise<Picture> {
  const path = join(context.workspace, product.name);
  const { width, height } = await picture.toFile(path).catch(classifySharp);
  context.deliver({ ...product, path });
  return { object: product.name, width, height };
}

export function deliverThumbnail(pixels: Pixels, context: JobContext): Promise<Picture> {
  const picture = fromPixels(pixels).resize(fitInto(THUMBNAIL_SIDE)).webp({ quality: 78 });
  return deliverPicture(picture, { name: "thumbnail.webp", type: "image/webp" }, context);
}

export async function hashPixels(pixels: Pixels): Promise<Hashes> {
  const small = fromPixels(pixels).resize(fitInto(HASH_SIDE)).ensureAlpha();
  const { data, info } = await small.raw().toBuffer({ resolveWithObject: true }).catch(classifySharp);
  // Blurhash knows no transparency: what shows through is white, as on most pages.
  const opaque = await fromPixels({ data, width: info.width, height: info.height, channels: 4 })
    .flatten({ background: "#fff" })
    .ensureAlpha()
    .raw()
    .toBuffer()
    .catch(classifySharp);
  return {
    blurhash: encodeBlurhash(new Uint8ClampedArray(opaque), info.width, info.height, ...BLURHASH_PARTS),
    thumbhash: Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString("base64"),
  };
}
