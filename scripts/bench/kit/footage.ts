/**
 * Films that the benchmarks make for themselves: a slow zoom, something that moves and light noise, so that they
 * cost about what a filmed one does. A long one is a short one repeated, packet by packet.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ffmpeg } from "./ffmpeg.ts";

/** `copy`: its pictures fit the top rung as they are. `encode`: no browser plays them, every rung must be made. */
export type FilmKind = "copy" | "encode";

/** All longer films are whole multiples. */
const UNIT_SECONDS = 20;
const RATE = 30;
export const FRAMES_A_SECOND = RATE;

const CODECS: Record<FilmKind, string[]> = {
  // Closed groups of 4 s, and within the rate of the 1080 rung.
  copy: [
    ...["-c:v", "libx264", "-preset", "superfast", "-b:v", "4200k", "-maxrate", "4600k", "-bufsize", "4600k"],
    ...["-g", String(4 * RATE), "-sc_threshold", "0", "-bf", "2", "-pix_fmt", "yuv420p"],
  ],
  encode: ["-c:v", "mpeg4", "-b:v", "8000k", "-maxrate", "9000k", "-bufsize", "9000k", "-g", "60"],
};

export interface Film {
  path: string;
  seconds: number;
  frames: number;
}

/** 1080p with stereo sound. Kept below `folder`, and made once. */
export async function makeFilm(folder: string, kind: FilmKind, seconds: number): Promise<Film> {
  if (seconds % UNIT_SECONDS !== 0) throw new Error(`Films last whole multiples of ${UNIT_SECONDS} s.`);
  mkdirSync(folder, { recursive: true });
  const unit = join(folder, `${kind}-unit.mp4`);
  if (!existsSync(unit)) await makeUnit(unit, CODECS[kind]);
  const path = join(folder, `${kind}-${seconds}.mp4`);
  if (!existsSync(path)) {
    const again = String(seconds / UNIT_SECONDS - 1);
    const sound = `sine=f=220:r=48000:d=${seconds},tremolo=f=0.5:d=0.6`;
    await ffmpeg([
      ...["-stream_loop", again, "-i", unit, "-f", "lavfi", "-i", sound, "-map", "0:v", "-map", "1:a"],
      ...["-c:v", "copy", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", path],
    ]);
  }
  return { path, seconds, frames: seconds * RATE };
}

/** Silent: sound comes in packets of its own length, and would shift each repetition a little. */
async function makeUnit(path: string, codec: readonly string[]): Promise<void> {
  const background =
    `gradients=s=480x270:r=${RATE}:d=${UNIT_SECONDS}:speed=0.015:n=6:seed=11,` +
    "scale=1920:1080:flags=fast_bilinear,noise=alls=6:allf=t:all_seed=11";
  const moving = `testsrc2=s=960x540:r=${RATE}:d=${UNIT_SECONDS}`;
  const overlay =
    "[0:v][1:v]overlay=x='(W-w)/2+(W-w)/2*sin(t/2)':y='(H-h)/2+(H-h)/3*cos(t)',format=yuv420p[v]";
  const inputs = ["-f", "lavfi", "-i", background, "-f", "lavfi", "-i", moving];
  await ffmpeg([...inputs, "-filter_complex", overlay, "-map", "[v]", ...codec, path]);
}

/** A small film of one rung, quick to encode even with a fifth of a core. */
export async function makeSmallFilm(path: string, seconds: number): Promise<Film> {
  const picture = `testsrc2=s=640x360:r=${RATE}:d=${seconds}`;
  const codec = ["-c:v", "mpeg4", "-q:v", "5", "-g", "60"];
  await ffmpeg(["-f", "lavfi", "-i", picture, ...codec, path]);
  return { path, seconds, frames: seconds * RATE };
}
