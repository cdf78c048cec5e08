/**
 * Open Graph and Twitter tags of a file, right from the first second: Telegram freezes what it sees when the
 * link is sent, usually before anything has been derived. Pure. What each client wants: research/peers.md §4.3.
 */
import type { FileKind } from "../db/schema.ts";
import { facts } from "./facts.ts";
import { madeOf, type RecordView, type RenditionView, renditionOf } from "./shared/record.ts";

export type Tag = { property: string; content: string } | { name: string; content: string };

export const SITE_NAME = "CapCloud";
/** Six hex digits, since Discord reads nothing else. */
const THEME_COLOUR = "#2451d6";
/** Discord leaves larger pictures out. */
const MAX_PICTURE_BYTES = 8_000_000;
/** Clients that show films in place give up on larger ones. */
const MAX_FILM_BYTES = 50_000_000;
/** Pictures that every client draws. */
const PLAIN_PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

export function fileTags(record: RecordView, kind: FileKind): Tag[] {
  const picture = pictureOf(record, kind);
  const video = videoOf(record);
  const description = [...facts(record), ...(kind === "other" ? [record.type] : [])].join(" · ");
  return [
    { property: "og:site_name", content: SITE_NAME },
    { property: "og:title", content: record.name },
    { property: "og:description", content: description },
    { property: "og:url", content: record.url },
    { property: "og:type", content: ogType(kind, video !== null) },
    ...(picture ? pictureTags(picture, record.name) : []),
    ...(video ? videoTags(video) : []),
    ...(kind === "audio" ? soundTags(record) : []),
    { name: "twitter:card", content: picture && kind !== "audio" ? "summary_large_image" : "summary" },
    { name: "twitter:title", content: record.name },
    { name: "twitter:description", content: description },
    ...(picture ? [{ name: "twitter:image", content: picture.url }] : []),
    { name: "description", content: description },
    { name: "theme-color", content: THEME_COLOUR },
  ];
}

function ogType(kind: FileKind, hasVideo: boolean): string {
  if (hasVideo) return "video.other";
  if (kind === "audio") return "music.song";
  return "website";
}

interface Piece {
  url: string;
  type: string;
  width: number | null;
  height: number | null;
}

/**
 * H.264 in MP4, which is all that clients play: of ours the one that is light enough, else an original that is
 * (or, unseen, may be) such.
 */
function videoOf(record: RecordView): Piece | null {
  const made = madeOf(record, "mp4").filter(({ name }) => name === "mp4" || name === "embed");
  const light = made.find(({ size }) => size !== null && size <= MAX_FILM_BYTES);
  const best = light ?? made.find(({ name }) => name === "mp4");
  if (best) return pieceOf(best, best.url);
  if (record.type !== "video/mp4") return null;
  const seen = (record.streams ?? []).filter((stream) => stream.type === "video");
  if (seen.some((stream) => stream.codec !== "h264")) return null;
  return { url: record.raw_url, type: record.type, width: record.width, height: record.height };
}

/** Its address answers at once: with the picture, or with a placeholder until that is made. */
function pictureOf(record: RecordView, kind: FileKind): Piece | null {
  const isPicture = kind === "image" || kind === "animation";
  if (isPicture && PLAIN_PICTURES.includes(record.type) && record.size <= MAX_PICTURE_BYTES) {
    return { url: record.raw_url, type: record.type, width: record.width, height: record.height };
  }
  const derived = ["poster", "preview", "thumbnail"]
    .map((name) => renditionOf(record, name))
    .find((rendition) => rendition !== undefined && rendition.state !== "failed");
  if (derived?.url) return pieceOf(derived, derived.url);
  // Before the first job has been made, what it will make is not listed yet.
  if (kind === "video" && record.status !== "failed") {
    const { width, height } = record;
    return { url: `${record.url}/poster.jpg`, type: "image/jpeg", width, height };
  }
  if (isPicture && record.status !== "failed") {
    return { url: `${record.url}/preview.webp`, type: "image/webp", width: null, height: null };
  }
  return null;
}

function pieceOf(rendition: RenditionView, url: string): Piece {
  return { url, type: rendition.type, width: rendition.width, height: rendition.height };
}

function pictureTags(picture: Piece, name: string): Tag[] {
  return [
    { property: "og:image", content: picture.url },
    { property: "og:image:type", content: picture.type },
    ...sizeTags("og:image", picture),
    { property: "og:image:alt", content: name },
  ];
}

function videoTags(video: Piece): Tag[] {
  const secure = video.url.startsWith("https:");
  return [
    { property: "og:video", content: video.url },
    { property: "og:video:url", content: video.url },
    ...(secure ? [{ property: "og:video:secure_url", content: video.url }] : []),
    { property: "og:video:type", content: video.type },
    ...sizeTags("og:video", video),
  ];
}

function soundTags(record: RecordView): Tag[] {
  return [
    { property: "og:audio", content: record.raw_url },
    { property: "og:audio:type", content: record.type },
  ];
}

function sizeTags(property: string, { width, height }: Piece): Tag[] {
  if (!width || !height) return [];
  return [
    { property: `${property}:width`, content: String(width) },
    { property: `${property}:height`, content: String(height) },
  ];
}
