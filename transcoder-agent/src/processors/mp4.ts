/**
 * The MP4 for downloads and embeds: committed fragments of picture and sound, appended to one local file per
 * track and rewritten by copy with the index in front. Nothing is encoded or decoded.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { delayPictures } from "../ffmpeg/delay.ts";
import { probeFile } from "../ffmpeg/probe.ts";
import { joinTracks } from "../ffmpeg/remux-arguments.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { Mp4Recipe, Piece } from "../protocol.ts";
import type { JobContext, Processor } from "./processor.ts";

/** Seconds by which the film may end early or late: a frame or a packet. */
const TOLERANCE_SECONDS = 0.25;

export const mp4: Processor<Mp4Recipe> = async (recipe, context) => {
  const video = await appendPieces("video", recipe.video, context);
  const audio = recipe.audio.length === 0 ? null : await appendPieces("audio", recipe.audio, context);
  context.progress(0.7);
  const delayed = await delayPictures(video);
  const path = join(context.workspace, "video.mp4");
  await runFfmpeg(joinTracks({ video: { path: video, delay: delayed.seconds }, audio, path }), {
    signal: context.signal,
  });
  const film = (await probeFile(path, { signal: context.signal })).streams.find(
    ({ codec_type: type }) => type === "video",
  );
  const [frames, duration] = [film?.nb_frames ?? 0, film?.duration ?? 0];
  if (frames !== recipe.frames || Math.abs(duration - recipe.duration) > TOLERANCE_SECONDS)
    throw new JobError(
      "incomplete",
      `${frames} of ${recipe.frames} frames and ${duration.toFixed(2)} of ${recipe.duration.toFixed(2)} s were joined.`,
    );
  context.deliver({ name: "video.mp4", type: "video/mp4", path });
  return {
    kind: "mp4",
    object: "video.mp4",
    width: film?.width ?? 0,
    height: film?.height ?? 0,
    frames,
    duration,
  };
};

/** Fragments carry absolute times, so init and fragments one behind the other are a valid file. */
async function appendPieces(name: string, pieces: readonly Piece[], context: JobContext): Promise<string> {
  const path = join(context.workspace, `${name}.pieces.mp4`);
  await writeFile(path, "");
  for (const [index, piece] of pieces.entries()) {
    context.signal.throwIfAborted();
    const source = await context.source(piece.input);
    // Encoders may differ between pieces: their parameter sets are in band, so one init serves all.
    const ranges = index === 0 ? [piece.init, ...piece.ranges] : piece.ranges;
    for (const [offset, length] of ranges) await source.appendTo(path, offset, length);
    context.progress((0.6 * (index + 1)) / pieces.length);
  }
  return path;
}
