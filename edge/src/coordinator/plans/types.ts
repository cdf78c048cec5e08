/** The content types of what is wanted, before an object tells its own. */
import type { RenditionKind } from "../../db/schema.ts";

/** A rung or track is served as a playlist. */
export const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
export const MP4_TYPE = "video/mp4";

const TYPES: Record<RenditionKind, string> = {
  thumbnail: "image/webp",
  preview: "image/webp",
  poster: "image/jpeg",
  rung: PLAYLIST_TYPE,
  track: PLAYLIST_TYPE,
  mp4: MP4_TYPE,
  m4a: "audio/mp4",
  subtitle: "text/vtt",
  storyboard: "image/jpeg",
  waveform: "application/json",
};

export function typeOf(kind: RenditionKind): string {
  return TYPES[kind];
}
