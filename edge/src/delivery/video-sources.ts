/**
 * The ways to play a video, for programs that choose one themselves: the original; `fast`, a progressive MP4;
 * `hd`, the best rung with its sound; `hls`, all rungs; and `embed`, a small MP4 where `fast` is large. Pure.
 */
import { EMBED } from "../catalog/record.ts";
import type { FileRow } from "../catalog/files.ts";
import type { RenditionRow } from "../catalog/renditions.ts";

export interface VideoSource {
  url: string | null;
  /** It plays from its start now. */
  ready: boolean;
  /** Bytes, once known. */
  size: number | null;
}

export interface VideoSources {
  original: VideoSource;
  fast: VideoSource;
  hd: VideoSource;
  hls: VideoSource;
  embed: VideoSource;
  /** Pictures for the timeline, as WebVTT; null until they are there. */
  storyboard: string | null;
  subtitles: { name: string; url: string; ready: boolean }[];
}

/** `begun`: the first segment of some rung is there. */
export function videoSources(
  file: FileRow,
  renditions: readonly RenditionRow[],
  begun: boolean,
  origin: string,
): VideoSources {
  const url = `${origin}/${file.id}`;
  const named = (name: string) => renditions.find((row) => row.kind === "mp4" && row.name === name);
  const [mp4, embed] = [named("mp4"), named(EMBED)];
  const sheets = renditions.filter(({ kind }) => kind === "storyboard");
  const rungs = renditions.filter(({ kind }) => kind === "rung");
  const sound = renditions.filter(({ kind }) => kind === "track");
  const descending = rungs.toSorted((a, b) => Number(b.name) - Number(a.name));
  // The download comes after all that was planned: what was added since counts when it is there.
  const made = mp4?.state === "ready" ? descending.find(({ state }) => state === "ready") : undefined;
  const best = made ?? descending[0];
  const master = file.kind === "video" ? `${url}/hls/master.m3u8` : null;
  return {
    original: { url: `${url}.${file.extension}`, ready: true, size: file.size },
    fast: { url: `${url}/video.mp4`, ready: mp4?.state === "ready", size: mp4?.size ?? null },
    hd: {
      url: best && master ? `${master}?rung=${best.name}` : null,
      ready: best?.state === "ready",
      size: best ? totalSize([best, ...sound]) : null,
    },
    hls: { url: master, ready: begun, size: totalSize([...rungs, ...sound]) },
    embed: {
      url: embed ? `${url}/embed.mp4` : null,
      ready: embed?.state === "ready",
      size: embed?.size ?? null,
    },
    storyboard:
      sheets.length > 0 && sheets.every(({ state }) => state === "ready") ? `${url}/storyboard.vtt` : null,
    subtitles: renditions
      .filter(({ kind, state }) => kind === "subtitle" && state !== "failed")
      .map(({ name, state }) => ({ name, url: `${url}/${name}.vtt`, ready: state === "ready" })),
  };
}

function totalSize(rows: readonly RenditionRow[]): number | null {
  if (rows.length === 0 || rows.some(({ size }) => size === null)) return null;
  return rows.reduce((sum, { size }) => sum + (size ?? 0), 0);
}
