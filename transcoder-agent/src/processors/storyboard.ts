/**
 * Small pictures of a film in sheets, for its timeline: for each moment the keyframe shown then. Made from
 * committed fragments, whose every segment begins with a keyframe; nothing between keyframes is decoded.
 */
import { JobError } from "../errors.ts";
import { withFile } from "../ffmpeg/files.ts";
import { streamFfmpeg } from "../ffmpeg/run.ts";
import { readFragments } from "../ffmpeg/samples.ts";
import { smallKeyframes } from "../ffmpeg/side-arguments.ts";
import type { Picture, StoryboardRecipe } from "../protocol.ts";
import { deliverPicture, fromPixels } from "./pictures.ts";
import { appendPieces } from "./pieces.ts";
import type { JobContext, Processor } from "./processor.ts";

const RGB = 3;
/** A moment that misses its keyframe by no more than this, in seconds, has it: intervals are no whole ticks. */
const ROUNDING = 0.001;

export const storyboard: Processor<StoryboardRecipe> = async (recipe, context) => {
  const path = await appendPieces("video", recipe.video, context, 0.5);
  const keyframes = await keyframeTimes(path);
  const wanted = chooseKeyframes(keyframes, recipe);
  const sheets = Array.from({ length: Math.ceil(recipe.tiles / perSheet(recipe)) }, (_, at) =>
    blankSheet(recipe, at),
  );
  let decoded = 0;
  const take = cutPictures(recipe.width * recipe.height * RGB, (picture) => {
    wanted.forEach((keyframe, tile) => {
      if (keyframe === decoded) place(picture, tile, sheets, recipe);
    });
    decoded++;
    context.progress(0.5 + (0.4 * decoded) / keyframes.length);
  });
  await streamFfmpeg(smallKeyframes({ ...recipe, path }), take, { signal: context.signal });
  if (decoded !== keyframes.length)
    throw new JobError("incomplete", `${decoded} of ${keyframes.length} keyframes could be decoded.`);
  return { kind: "storyboard", sheets: await deliverSheets(sheets, context) };
};

/** Seconds, in the order in which they are shown. */
async function keyframeTimes(path: string): Promise<number[]> {
  const { samples, timescale } = await withFile(path, "r", readFragments);
  return samples
    .filter(({ sync }) => sync)
    .map(({ pts }) => pts / timescale)
    .toSorted((a, b) => a - b);
}

/** For each tile the last keyframe that is not after its moment. */
export function chooseKeyframes(
  keyframes: readonly number[],
  { tiles, interval }: Pick<StoryboardRecipe, "tiles" | "interval">,
): number[] {
  return Array.from({ length: tiles }, (_, tile) =>
    Math.max(
      0,
      keyframes.findLastIndex((time) => time <= tile * interval + ROUNDING),
    ),
  );
}

interface Sheet {
  data: Buffer;
  width: number;
  height: number;
}

function perSheet({ columns, rows }: StoryboardRecipe): number {
  return columns * rows;
}

/** The last sheet is no higher than it must be, and a lone row no wider. */
function blankSheet(recipe: StoryboardRecipe, at: number): Sheet {
  const left = Math.min(perSheet(recipe), recipe.tiles - at * perSheet(recipe));
  const width = Math.min(left, recipe.columns) * recipe.width;
  const height = Math.ceil(left / recipe.columns) * recipe.height;
  return { data: Buffer.alloc(width * height * RGB), width, height };
}

function place(picture: Buffer, tile: number, sheets: readonly Sheet[], recipe: StoryboardRecipe): void {
  const { columns, width, height } = recipe;
  const sheet = sheets[Math.floor(tile / perSheet(recipe))];
  if (sheet === undefined) return;
  const at = tile % perSheet(recipe);
  const [left, top] = [(at % columns) * width, Math.floor(at / columns) * height];
  for (let row = 0; row < height; row++) {
    const from = row * width * RGB;
    picture.copy(sheet.data, ((top + row) * sheet.width + left) * RGB, from, from + width * RGB);
  }
}

/** Cuts a stream of bytes into pictures of that size. */
function cutPictures(size: number, onPicture: (picture: Buffer) => void): (bytes: Buffer) => void {
  const picture = Buffer.alloc(size);
  let filled = 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      const copied = bytes.copy(picture, filled, at);
      filled += copied;
      at += copied;
      if (filled < size) continue;
      onPicture(picture);
      filled = 0;
    }
  };
}

function deliverSheets(sheets: readonly Sheet[], context: JobContext): Promise<Picture[]> {
  return Promise.all(
    sheets.map(({ data, width, height }, at) => {
      const picture = fromPixels({ data, width, height, channels: RGB }).jpeg({ quality: 70, mozjpeg: true });
      return deliverPicture(picture, { name: `storyboard-${at}.jpg`, type: "image/jpeg" }, context);
    }),
  );
}
