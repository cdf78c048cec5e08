/** Writes what players read: a playlist over the segments of several objects, each cut out as its own file. */
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TrackReport } from "../protocol.ts";

export interface Part {
  report: TrackReport;
  path: string;
}

async function readRange(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    await file.read(bytes, 0, length, offset);
    return bytes;
  } finally {
    await file.close();
  }
}

export function readInit({ report, path }: Part): Promise<Buffer> {
  return readRange(path, ...report.init);
}

/** Answers the playlist's path. Segments are listed in the order of their numbers. */
export async function writePlaylist(folder: string, name: string, parts: readonly Part[]): Promise<string> {
  const lines: string[] = [];
  let init: Buffer | null = null;
  const ordered = parts.toSorted(
    (a, b) => (a.report.segments[0]?.segment ?? 0) - (b.report.segments[0]?.segment ?? 0),
  );
  let longest = 1;
  for (const part of ordered) {
    const own = await readInit(part);
    if (init === null || !init.equals(own)) {
      const file = `${name}-init-${lines.length}.mp4`;
      await writeFile(join(folder, file), own);
      lines.push(`#EXT-X-MAP:URI="${file}"`);
      init = own;
    }
    for (const { segment, offset, length, duration } of part.report.segments) {
      const file = `${name}-${segment}.m4s`;
      await writeFile(join(folder, file), await readRange(part.path, offset, length));
      const seconds = duration / part.report.timescale;
      longest = Math.max(longest, Math.ceil(seconds));
      lines.push(`#EXTINF:${seconds.toFixed(6)},`, file);
    }
  }
  const path = join(folder, `${name}.m3u8`);
  const head = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${longest}`,
    "#EXT-X-PLAYLIST-TYPE:VOD",
  ];
  await writeFile(path, [...head, "#EXT-X-MEDIA-SEQUENCE:0", ...lines, "#EXT-X-ENDLIST", ""].join("\n"));
  return path;
}

/** All segments of the parts behind the first part's init, as one file. */
export async function concatenate(path: string, parts: readonly Part[]): Promise<string> {
  const first = parts[0];
  if (first === undefined) throw new Error("nothing to concatenate");
  const pieces = [await readInit(first)];
  for (const part of parts)
    for (const { offset, length } of part.report.segments)
      pieces.push(await readRange(part.path, offset, length));
  await writeFile(path, Buffer.concat(pieces));
  return path;
}
