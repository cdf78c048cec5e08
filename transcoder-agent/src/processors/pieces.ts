/** Pieces of committed objects, appended to one local file per track. Used by the mp4 and storyboard processors. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Piece } from "../protocol.ts";
import type { JobContext } from "./processor.ts";

/**
 * Fragments carry absolute times, so init and fragments one behind the other are a valid file. `share` is the
 * part of the job's progress that is done with the last piece.
 */
export async function appendPieces(
  name: string,
  pieces: readonly Piece[],
  context: JobContext,
  share: number,
): Promise<string> {
  const path = join(context.workspace, `${name}.pieces.mp4`);
  await writeFile(path, "");
  for (const [index, piece] of pieces.entries()) {
    context.signal.throwIfAborted();
    const source = await context.source(piece.input);
    // Encoders may differ between pieces: their parameter sets are in band, so one init serves all.
    const ranges = index === 0 ? [piece.init, ...piece.ranges] : piece.ranges;
    for (const [offset, length] of ranges) await source.appendTo(path, offset, length);
    context.progress((share * (index + 1)) / pieces.length);
  }
  return path;
}
