/** A text track of a film as WebVTT on its timeline. Tracks that are pictures are listed, never read. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import { textTrack } from "../ffmpeg/side-arguments.ts";
import type { SubtitleRecipe } from "../protocol.ts";
import { shiftCues } from "./cues.ts";
import { probeSource } from "./probed.ts";
import type { Processor } from "./processor.ts";

/** ffmpeg's names of codecs that are text. */
const TEXT_CODECS = new Set(["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text", "ttml", "stl"]);
/** A hundred times the text of a long film. */
const MAX_BYTES = 16 * 1024 * 1024;
const OBJECT = "text.vtt";

export const subtitle: Processor<SubtitleRecipe> = async ({ stream, origin }, context) => {
  const source = await context.source();
  const { streams } = await probeSource(source);
  const track = streams.find(({ index }) => index === stream);
  if (track?.codec_type !== "subtitle" || !TEXT_CODECS.has(track.codec_name ?? ""))
    throw new JobError("unsupported", "This track is not text: only text becomes subtitles.");
  const raw = join(context.workspace, "raw.vtt");
  await runFfmpeg(textTrack({ url: source.url, stream, path: raw }), { signal: context.signal });
  if ((await stat(raw)).size > MAX_BYTES)
    throw new JobError("too_large", "The track holds more text than we read.");
  const { text, count } = shiftCues(await readFile(raw, "utf8"), origin);
  const path = join(context.workspace, OBJECT);
  await writeFile(path, text);
  context.deliver({ name: OBJECT, type: "text/vtt", path });
  return { kind: "subtitle", object: OBJECT, cues: count };
};
