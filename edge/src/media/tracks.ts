/** Which sounds and subtitles of a film are offered, from its inspection. Used by `build-plan.ts`. */
import type { InspectResult } from "#protocol";
import type { PlannedText, PlannedTrack } from "./plan.ts";

/** More audio tracks than this are left to the original. */
const MAX_TRACKS = 8;
/** More subtitles than this, too. */
const MAX_TEXTS = 32;
/** Sample rates that every player takes; all others are converted to the first. */
const ENCODED_SAMPLE_RATES = [48_000, 44_100] as const;
/** Subtitles that are letters, as ffprobe calls them; pictures of letters are left to the original. */
const TEXT_CODECS = new Set(["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text", "ttml", "stl"]);

export function planTracks(inspection: InspectResult): PlannedTrack[] {
  return inspection.audio.slice(0, MAX_TRACKS).map((audio, at) => ({
    name: `audio-${at}`,
    stream: audio.stream,
    mode: audio.copyable ? "copy" : "encode",
    sampleRate: audio.copyable ? audio.sampleRate : encodedSampleRate(audio.sampleRate),
    channels: audio.copyable ? audio.channels : Math.min(audio.channels, 2),
    language: audio.language,
  }));
}

export function planTexts({ streams }: Pick<InspectResult, "streams">): PlannedText[] {
  return streams
    .filter(({ type, codec }) => type === "subtitle" && TEXT_CODECS.has(codec))
    .slice(0, MAX_TEXTS)
    .map(({ index, language }) => ({ name: `text-${index}`, stream: index, language }));
}

function encodedSampleRate(source: number): number {
  return ENCODED_SAMPLE_RATES.find((rate) => rate === source) ?? ENCODED_SAMPLE_RATES[0];
}
