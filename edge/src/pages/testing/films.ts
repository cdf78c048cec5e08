/**
 * Films that browsers really play, cut as agents cut them: fragments of ffmpeg, stored segment by segment so
 * that a test decides what stands when. For the tests of the player.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { FileRow } from "../../catalog/files.ts";
import { commitRectangle } from "../../catalog/rectangles.ts";
import type { TestEdge } from "../../delivery/testing/stored-files.ts";
import type { Plan } from "../../media/plan.ts";
import { TRACK } from "../../media/testing/plans.ts";
import { attemptPrefix } from "../../storage/object-keys.ts";

const run = promisify(execFile);
const RATE = 25;
const SEGMENT_S = 4;

export const RUNGS: Plan["rungs"] = [
  { name: "480", mode: "encode", width: 160, height: 90, ceiling: 400_000 },
  { name: "720", mode: "encode", width: 320, height: 180, ceiling: 900_000 },
];
export const SOUNDS: Plan["tracks"] = [
  { ...TRACK, language: "ger" },
  { ...TRACK, name: "audio-1", stream: 2, language: "eng" },
];

/** One track as a fragmented file: where its init ends and its segments lie. */
export interface CutTrack {
  bytes: Uint8Array;
  init: number;
  segments: [offset: number, length: number][];
}

/** Every rung and sound of the plan, by name. */
export async function cutFilm(folder: string, seconds: number): Promise<Record<string, CutTrack>> {
  const pictures = RUNGS.map(({ name, width, height }) => [
    name,
    ["-f", "lavfi", "-i", `testsrc2=s=${width}x${height}:r=${RATE}:d=${seconds}`],
    ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-sc_threshold", "0"],
    ["-g", String(RATE * SEGMENT_S), "-movflags", "+frag_keyframe"],
  ]);
  const sounds = SOUNDS.map(({ name }, at) => [
    name,
    ["-f", "lavfi", "-i", `sine=f=${300 + 200 * at}:d=${seconds}:sample_rate=48000`],
    ["-c:a", "aac", "-ac", "2", "-frag_duration", String(SEGMENT_S * 1_000_000)],
  ]);
  const tracks: Record<string, CutTrack> = {};
  for (const [name, ...given] of [...pictures, ...sounds]) {
    const path = join(folder, `${String(name)}.mp4`);
    await run("ffmpeg", [
      ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...given.flat()],
      ...["-movflags", "+empty_moov+default_base_moof", path],
    ]);
    tracks[String(name)] = cut(await readFile(path));
  }
  return tracks;
}

/** Commits some segments of a track, as a finished rectangle would. */
export async function storeSegments(
  { db, bucket }: TestEdge,
  plan: Plan,
  name: string,
  track: CutTrack,
  segments: readonly number[],
): Promise<void> {
  const part = `${name}.${segments.join("-")}`;
  const place = { fileId: plan.fileId, kind: "video", version: plan.id, part, epoch: 1, nonce: "n" } as const;
  const objectKey = `${attemptPrefix(place)}${name}.mp4`;
  const object = await bucket.put(objectKey, track.bytes);
  await commitRectangle(db, {
    planId: plan.id,
    track: name,
    jobId: `main.${part}`,
    fileId: plan.fileId,
    objectKey,
    size: track.bytes.byteLength,
    etag: object?.etag ?? "",
    codecs: name.startsWith("audio") ? "mp4a.40.2" : "avc1.42c00d",
    initOffset: 0,
    initLength: track.init,
    segments: segments.map((segment) => {
      const [offset, length] = track.segments[segment] ?? [0, 0];
      return [segment, offset, length, segment * SEGMENT_S * 1_000, SEGMENT_S * 1_000];
    }),
    createdAt: Date.now(),
  });
}

/** What the player asks for below the file's address. */
export function piecePath(file: FileRow, plan: Plan, track: string): string {
  return `/${file.id}/hls/${plan.id}/${track}/`;
}

function cut(bytes: Uint8Array): CutTrack {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts: number[] = [];
  let end = 0;
  for (let at = 0; at < bytes.byteLength; at += view.getUint32(at)) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === "moof") starts.push(at);
    if (kind === "mdat") end = at + view.getUint32(at);
  }
  const segments = starts.map((start, nth): [number, number] => [start, (starts[nth + 1] ?? end) - start]);
  return { bytes, init: starts[0] ?? 0, segments };
}
