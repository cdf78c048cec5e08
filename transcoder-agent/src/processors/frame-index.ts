/**
 * The frame index of a film as an object: delivered by the inspection where the container has one, and made by
 * this job, which reads the whole film, where it has none.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import type { FrameIndex, IndexRecipe } from "../protocol.ts";
import { demuxTimes, tabulateTimes, type Film } from "./film-times.ts";
import type { JobContext, Processor } from "./processor.ts";
import { openReadable } from "./readable.ts";

const INDEX_OBJECT = "index.json";

export const frameIndex: Processor<IndexRecipe> = async ({ stream, remux }, context) => {
  const { signal } = context;
  const readable = await openReadable(await context.source(), remux);
  const probed = await readable.probe();
  const position = readable.stream(stream);
  if (!probed.streams.some(({ index, codec_type: type }) => index === position && type === "video"))
    throw new JobError("unsupported", "The stream is not a film.");
  const film: Film = { readable, probed, position, sounds: [] };
  const { index } = (await tabulateTimes(film)) ?? (await demuxTimes(film, signal));
  return { kind: "index", index: await deliverIndex(index, context) };
};

export async function deliverIndex(index: FrameIndex, context: JobContext): Promise<string> {
  const path = join(context.workspace, INDEX_OBJECT);
  await writeFile(path, JSON.stringify(index));
  context.deliver({ name: INDEX_OBJECT, type: "application/json", path });
  return INDEX_OBJECT;
}
