/** What a run uploads: short films that must be encoded, copied or indexed first, pictures, sound, and bytes that mean nothing. */
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../bench/kit/ffmpeg.ts";
import type { Chance } from "../../edge/src/coordinator/simulation/random.ts";

export interface Sample {
  path: string;
  kind: "film" | "picture" | "sound" | "bytes";
  size: number;
  /** Hex. */
  sha256: string;
  /** Of a film. */
  frames: number;
  /** What is made of it goes up in parts; sent a few times only. */
  large: boolean;
}

const RATE = 30;
const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"];
const MPEG4 = ["-c:v", "mpeg4", "-q:v", "5", "-g", "45"];

/** File name, seconds, size, codec: `.avi` has no index worth the name. */
const FILMS: readonly [name: string, seconds: number, size: string, codec: readonly string[]][] = [
  ["short.mp4", 4, "640x360", X264],
  ["recorded.avi", 5, "854x480", MPEG4],
  ["long.mp4", 24, "640x480", MPEG4],
  ["wide.mov", 12, "1280x720", MPEG4],
];

/** Its pictures are copied into a rung as they are, so that the rung and the mp4 exceed 64 MiB each. */
const LARGE_SECONDS = 20;
const LARGE = ["-b:v", "30M", "-minrate", "30M", "-maxrate", "30M", "-bufsize", "15M", "-nal-hrd", "cbr"];
/** For the edge: rungs that may have so many bits. */
export const LARGE_LADDER = JSON.stringify([
  { name: "480", ceiling: 60_000_000 },
  { name: "720", ceiling: 60_000_000 },
]);

export interface SamplesWanted {
  /** How many of the films; the first are the shortest. */
  films: number;
  large: boolean;
}

export async function makeSamples(
  folder: string,
  { films, large }: SamplesWanted,
  draw: Chance,
): Promise<Sample[]> {
  await mkdir(folder, { recursive: true });
  const samples: Sample[] = [];
  for (const [name, seconds, size, codec] of FILMS.slice(0, films)) {
    const path = join(folder, name);
    const picture = `testsrc2=s=${size}:r=${RATE}:d=${seconds}`;
    const sound = `sine=f=440:d=${seconds}:sample_rate=48000`;
    const inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound];
    await ffmpeg([...inputs, ...codec, "-c:a", "aac", "-b:a", "96k", path]);
    samples.push(sampleOf(path, "film", seconds * RATE));
  }
  if (large) samples.push(await makeLarge(join(folder, "large.mp4")));
  const photo = join(folder, "photo.jpg");
  await ffmpeg(["-f", "lavfi", "-i", "mandelbrot=s=1600x1200", "-frames:v", "1", "-q:v", "3", photo]);
  const sound = join(folder, "sound.ogg");
  await ffmpeg(["-f", "lavfi", "-i", "sine=f=330:d=6", "-c:a", "libvorbis", sound]);
  const bytes = join(folder, "noise.bin");
  writeFileSync(bytes, Buffer.from(Array.from({ length: 700_000 }, () => draw.whole(0, 255))));
  return [...samples, sampleOf(photo, "picture"), sampleOf(sound, "sound"), sampleOf(bytes, "bytes")];
}

async function makeLarge(path: string): Promise<Sample> {
  const picture = `testsrc2=s=640x480:r=${RATE}:d=${LARGE_SECONDS},noise=alls=40:allf=t`;
  await ffmpeg(["-f", "lavfi", "-i", picture, ...X264, ...LARGE, "-movflags", "+faststart", path]);
  return { ...sampleOf(path, "film", LARGE_SECONDS * RATE), large: true };
}

function sampleOf(path: string, kind: Sample["kind"], frames = 0): Sample {
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { path, kind, size: statSync(path).size, sha256, frames, large: false };
}
