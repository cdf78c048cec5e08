/**
 * Draws what stands in for a thumbnail, preview or poster that has not been made yet, one picture for each
 * kind of file, and writes them as base64 into edge/src/delivery/placeholder-bytes.ts. Run it by hand when a
 * drawing changes: `node scripts/draw-placeholders.ts`. Plain shapes keep each picture below a kilobyte or two.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { root } from "./build-worker.ts";

const GROUND = "#e7eaf0";
const INK = "#98a2b3";
const SIZE = { width: 320, height: 240 };
/** Posters are letterboxed by nobody: 16:9. */
const POSTER = { width: 480, height: 270 };

/** Each in a box of 64 × 64. */
const SHAPES: Record<string, string> = {
  image: `<path d="M6 52 24 28l12 15 8-9 14 18Z"/><circle cx="46" cy="18" r="6"/>`,
  animation: `<path d="M6 52 24 28l12 15 8-9 14 18Z"/><path d="m40 8 14 8-14 8Z"/>`,
  video: `<path d="M18 8 54 32 18 56Z"/>`,
  audio: `<path d="M22 12 50 6v36a8 7 0 1 1-5-6V17l-18 4v27a8 7 0 1 1-5-6Z"/>`,
  text: `<path d="M10 14h44v5H10zM10 25h36v5H10zM10 36h44v5H10zM10 47h24v5H10z"/>`,
  document: `<path d="M14 4h24l14 14v42H14Zm22 4v12h12" fill-rule="evenodd"/>`,
  other: `<path d="M14 4h24l14 14v42H14Z"/>`,
};

function drawing(kind: string, { width, height }: { width: number; height: number }): Buffer {
  const scale = height / 160;
  const x = width / 2 - 32 * scale;
  const y = height / 2 - 32 * scale;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      <rect width="100%" height="100%" fill="${GROUND}"/>
      <g fill="${INK}" transform="translate(${x} ${y}) scale(${scale})">${SHAPES[kind] ?? ""}</g></svg>`,
  );
}

const kinds = Object.keys(SHAPES);
const webp = await Promise.all(
  kinds.map((kind) => sharp(drawing(kind, SIZE)).webp({ quality: 60, effort: 6 }).toBuffer()),
);
const jpeg = await sharp(drawing("video", POSTER)).jpeg({ quality: 60, mozjpeg: true }).toBuffer();

writeFileSync(
  join(root, "edge/src/delivery/placeholder-bytes.ts"),
  `/** Written by scripts/draw-placeholders.ts: change the drawings there. Base64. */
import type { FileKind } from "../db/schema.ts";

/** WebP, ${SIZE.width} × ${SIZE.height}. */
export const WEBP_OF: Record<FileKind, string> = {
${kinds.map((kind, at) => `  ${kind}: "${webp[at]?.toString("base64")}",`).join("\n")}
};

/** JPEG, ${POSTER.width} × ${POSTER.height}. */
export const POSTER_JPEG = "${jpeg.toString("base64")}";
`,
);
