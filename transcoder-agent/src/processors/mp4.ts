/**
 * The MP4 for downloads and embeds: committed fragments of picture and sound, appended to one local file per
 * track and rewritten with the index in front. Nothing is encoded or decoded.
 */
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { writeMp4, type WrittenFilm } from "../ffmpeg/mp4-file.ts";
import { probeFile } from "../ffmpeg/probe.ts";
import type { Mp4Recipe } from "../protocol.ts";
import { appendPieces } from "./pieces.ts";
import type { JobContext, Processor } from "./processor.ts";

/** Seconds by which the film may end early or late: what an open end cannot know. */
const TOLERANCE_SECONDS = 0.25;

export const mp4: Processor<Mp4Recipe> = async (recipe, context) => {
  const video = await appendPieces("video", recipe.video, context, 0.6);
  const audio = recipe.audio.length === 0 ? [] : [await appendPieces("audio", recipe.audio, context, 0.6)];
  context.progress(0.7);
  const path = join(context.workspace, "video.mp4");
  const written = await writeMp4([video, ...audio], path);
  const { frames, duration } = written;
  if (frames !== recipe.frames || Math.abs(duration - recipe.duration) > TOLERANCE_SECONDS)
    throw new JobError(
      "incomplete",
      `${frames} of ${recipe.frames} frames and ${duration.toFixed(2)} of ${recipe.duration.toFixed(2)} s were joined.`,
    );
  const film = await readBack(path, written, context);
  context.deliver({ name: "video.mp4", type: "video/mp4", path });
  return { kind: "mp4", object: "video.mp4", ...film, ...written };
};

/** What somebody else reads in it: as many frames as were written, or it is no film. */
async function readBack(path: string, written: WrittenFilm, context: JobContext) {
  const { streams } = await probeFile(path, { signal: context.signal });
  const film = streams.find(({ codec_type: type }) => type === "video");
  if (film?.nb_frames !== written.frames)
    throw new JobError("crashed", "The joined film cannot be read back.");
  return { width: film.width ?? 0, height: film.height ?? 0 };
}
