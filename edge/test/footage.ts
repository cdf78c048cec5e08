/** Clips that the journeys make for themselves, and what ffprobe says of them and of their playlists. */
import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ClipOptions {
  seconds: number;
  size?: string;
  rate?: number;
  audio?: boolean;
  /** More encoder or muxer arguments, before the path. */
  output?: string[];
}

/** A moving test picture with a tone. */
export async function makeClip(path: string, options: ClipOptions): Promise<string> {
  const { seconds, size = "640x360", rate = 30, audio = true, output = [] } = options;
  const sound = audio ? ["-f", "lavfi", "-i", `sine=f=440:d=${seconds}:sample_rate=48000`] : [];
  await run("ffmpeg", [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y"],
    ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${seconds}`, ...sound],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"],
    ...[...output, path],
  ]);
  return path;
}

/** Overwrites `bytes` of a file with ones, `from` (a share of its length) on. */
export async function damage(path: string, { from, bytes }: { from: number; bytes: number }): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(bytes, 0xff), 0, bytes, Math.round(size * from));
  } finally {
    await file.close();
  }
}

export async function countFrames(address: string): Promise<number> {
  const { stdout, stderr } = await run("ffprobe", [
    ...["-v", "error", "-select_streams", "v:0", "-count_frames"],
    ...["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", address],
  ]);
  if (/error|invalid|corrupt|missing/i.test(stderr)) throw new Error(`ffprobe complains: ${stderr}`);
  return Number.parseInt(stdout, 10);
}

export async function durationOf(address: string): Promise<number> {
  const { stdout } = await run("ffprobe", [
    "-v",
    "error",
    "-show_entries",
    "format=duration",
    "-of",
    "csv=p=0",
    address,
  ]);
  return Number.parseFloat(stdout);
}
