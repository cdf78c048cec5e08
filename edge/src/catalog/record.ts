/** The JSON of a file, pure: its record (`GET /api/files/{slug}`) and the answer to its upload. */
import type { FileRow } from "./files.ts";
import type { RenditionRow } from "./renditions.ts";

/** What the record needs of the coordinator's progress. */
export interface RecordProgress {
  /** 0 … 1. */
  fraction: number;
  /** Seconds of the timeline already encoded, [from, to). */
  ranges: [from: number, to: number][];
  agents: number;
  etaSeconds: number | null;
  waiting: "no_agent" | null;
  making: { kind: string; name: string; fraction: number }[];
  rungs?: { name: string; ranges: [from: number, to: number][] }[];
}

const MS_PER_SECOND = 1_000;
/** The smaller mp4 that chat programs still show in place. */
export const EMBED = "embed";

export function fileRecord(
  file: FileRow,
  renditions: RenditionRow[],
  progress: RecordProgress | null,
  origin: string,
) {
  const shown = describe(file, origin);
  return {
    ...shown,
    files: [listed(file, shown.raw_url)],
    reason: file.reason,
    created_at: new Date(file.createdAt).toISOString(),
    width: file.width,
    height: file.height,
    duration: file.duration === null ? null : file.duration / MS_PER_SECOND,
    blurhash: file.blurhash,
    thumbhash: file.thumbhash,
    streams: file.streams ?? [],
    renditions: renditions.map((rendition) => renditionRecord(rendition, progress, shown.url)),
    progress: progressRecord(file, progress),
  };
}

/** The answer to an upload of one file; `jobs` are the ids of the jobs it caused. */
export function uploadAnswer(file: FileRow, jobs: string[], deleteKey: string, origin: string) {
  const shown = describe(file, origin);
  const deleteUrl = `${shown.url}/delete?key=${deleteKey}`;
  return {
    ...shown,
    uuid: file.id,
    delete_url: deleteUrl,
    message: `${file.name} is uploaded.`,
    jobs,
    files: [{ ...listed(file, shown.raw_url), deleteUrl, jobs }],
  };
}
export type UploadAnswer = ReturnType<typeof uploadAnswer>;
export type FileRecord = ReturnType<typeof fileRecord>;

function describe(file: FileRow, origin: string) {
  const url = `${origin}/${file.id}`;
  return {
    success: true as const,
    id: file.id,
    name: file.name,
    url,
    raw_url: `${url}.${file.extension}`,
    thumbnail_url: `${url}/thumbnail.webp`,
    size: file.size,
    type: file.type,
    hash: hashOf(file),
    status: file.status,
  };
}

function listed(file: FileRow, rawUrl: string) {
  return {
    name: `${file.id}.${file.extension}`,
    original: file.name,
    url: rawUrl,
    hash: hashOf(file),
    size: file.size,
    type: file.type,
    expirydate: null,
  };
}

function hashOf(file: FileRow): string | null {
  return file.sha256 === null ? null : `sha256:${file.sha256}`;
}

function renditionRecord(rendition: RenditionRow, progress: RecordProgress | null, fileUrl: string) {
  const { kind, name, type, width, height, size, state, reason } = rendition;
  const inHand = progress?.making.find((one) => one.kind === kind && one.name === name);
  const encoded = progress?.rungs?.find((rung) => kind === "rung" && rung.name === name)?.ranges;
  return {
    kind,
    name,
    url: `${fileUrl}/${renditionPath(rendition)}`,
    type,
    width,
    height,
    size,
    state: state === "waiting" && inHand ? ("making" as const) : state,
    reason,
    /** While it is being made: how far, 0 … 1, and of a rung the seconds that are encoded. */
    fraction: inHand?.fraction ?? null,
    ranges: encoded ?? null,
  };
}

/** Where delivery serves it, below the file's address. */
function renditionPath({ kind, name, version }: Pick<RenditionRow, "kind" | "name" | "version">): string {
  switch (kind) {
    case "rung":
    case "track":
      return `hls/${version}/${name}/index.m3u8`;
    case "thumbnail":
    case "preview":
      return `${kind}.webp`;
    case "poster":
      return "poster.jpg";
    case "mp4":
      return name === EMBED ? "embed.mp4" : "video.mp4";
    case "m4a":
      return "audio.m4a";
    case "subtitle":
      return `${name}.vtt`;
    case "storyboard":
      return `storyboard-${name}.jpg`;
    case "waveform":
      return "waveform.json";
  }
}

function progressRecord(file: FileRow, progress: RecordProgress | null) {
  return {
    fraction: progress?.fraction ?? (file.status === "processing" ? 0 : 1),
    ranges: progress?.ranges ?? [],
    agents: progress?.agents ?? 0,
    eta_s: progress?.etaSeconds ?? null,
    waiting: progress?.waiting ?? null,
  };
}
