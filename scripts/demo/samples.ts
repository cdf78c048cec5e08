/** Makes the demo's own clip and photo with ffmpeg: nothing binary is kept in the repository. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CLIP_SECONDS = 20;

/** A 20 s clip, 1280×720 at 30 frames a second, with a slow chord; about 3 MB. */
export async function makeClip(folder: string): Promise<string> {
  const path = join(folder, "clip.mp4");
  const picture = `smptehdbars=s=1280x720:r=30:d=${CLIP_SECONDS}`;
  const moving = `testsrc2=s=640x360:r=30:d=${CLIP_SECONDS}`;
  const sound = `sine=f=220:d=${CLIP_SECONDS}[a];sine=f=277:d=${CLIP_SECONDS}[b];[a][b]amix=inputs=2,tremolo=f=0.5:d=0.6`;
  const overlay =
    "[0:v][1:v]overlay=x='(W-w)/2+(W-w)/2*sin(t)':y='(H-h)/2+(H-h)/3*cos(t*1.3)',format=yuv420p[v]";
  await ffmpeg([
    ...["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", moving],
    ...["-filter_complex", `${overlay};${sound}[s]`, "-map", "[v]", "-map", "[s]"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-c:a", "aac", "-b:a", "128k", "-ac", "2"],
    ...["-movflags", "+faststart", path],
  ]);
  return path;
}

/** A 2400×1600 photo stand-in with fine detail. */
export async function makePhoto(folder: string): Promise<string> {
  const path = join(folder, "photo.jpg");
  await ffmpeg([
    ...[
      "-f",
      "lavfi",
      "-i",
      "mandelbrot=s=2400x1600:start_scale=0.02:end_scale=0.02:start_x=-0.7436:start_y=-0.1318",
    ],
    ...["-frames:v", "1", "-q:v", "3", path],
  ]);
  return path;
}

async function ffmpeg(args: string[]): Promise<void> {
  await run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...args]);
}
